"""Functions with a `jax.custom_vjp`, which forward mode refuses: what they are made of, if it is to be differentiated.

@jax.custom_vjp                     clipped = jax.custom_vjp(clipped_plain, nondiff_argnums=(1,))
def clipped(x): …
"""

from __future__ import annotations

import libcst as cst

from jvpgen.source.reach import Definition, Reach

CUSTOM_VJP = frozenset(("jax.custom_vjp", "jax.custom_derivatives.custom_vjp"))


def has_custom_vjp(definition: Definition, reach: Reach) -> bool:
    """Whether a function, or a value, is one that `jax.custom_vjp` makes."""
    if "custom_vjp" not in definition.module.text:
        return False
    match definition.node:
        case cst.FunctionDef(decorators=decorators):
            return any(_makes(item.decorator, definition, reach) for item in decorators)
        case cst.Call():
            return _makes(definition.node, definition, reach)
    return False


def function_of(definition: Definition, reach: Reach) -> cst.FunctionDef | None:
    """The function of the same file that one with a `jax.custom_vjp` calls for its value; None where it is no such."""
    node = definition.node
    if isinstance(node, cst.FunctionDef):
        return node
    if not isinstance(node, cst.Call) or not node.args:
        return None
    meaning = reach.meaning(definition.module, node.args[0].value)
    made_of = reach.definition(meaning, definition.module) if meaning is not None else None
    if made_of is None or made_of.module is not definition.module or not isinstance(made_of.node, cst.FunctionDef):
        return None
    return made_of.node


def _makes(node: cst.BaseExpression, definition: Definition, reach: Reach) -> bool:
    """Whether an expression is `jax.custom_vjp`, a call of it, or a partial of it."""
    if not isinstance(node, cst.Call):
        return reach.meaning(definition.module, node) in CUSTOM_VJP
    meaning = reach.meaning(definition.module, node.func)
    if meaning == "functools.partial" and node.args:
        return reach.meaning(definition.module, node.args[0].value) in CUSTOM_VJP
    return meaning in CUSTOM_VJP
