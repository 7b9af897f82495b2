"""Calls whose result is plainly of integers or booleans, which never carry a tangent."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from jvpgen.analysis.callees import RuleCall
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.fit import bound_parameters
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted

_TYPES = frozenset("int int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool bool_ int_ uint".split())
_ROOTS = ("jax.numpy.", "numpy.", "builtins.")
_CODE = re.compile(r"[<>=|]?([iub]\d?|\?|u?int(8|16|32|64)?|bool)")
_MAKERS = frozenset("zeros ones full array asarray arange zeros_like ones_like".split())
_TYPE_PARAMETERS = frozenset(("dtype", "new_dtype"))


def is_integer_type(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` spells a type of integers or booleans: `jnp.int32`, `"i4"`, `bool`."""
    if isinstance(node, nodes.Constant):
        value = ast.literal_eval(node.text) if node.text[-1:] in ("'", '"') else None
        return isinstance(value, str) and _CODE.fullmatch(value) is not None
    name = dotted(node)
    qualified = environment.global_name(name) if name is not None else None
    root, _, last = (qualified or "").rpartition(".")
    return f"{root}." in _ROOTS and last in _TYPES


def variable_makes_integers(call: nodes.Call, environment: Environment) -> bool:
    """Whether a variable's initializer plainly makes integers: `lambda: jnp.array(0, jnp.int32)`."""
    match [argument.value for argument in call.arguments[2:]]:
        case [nodes.Lambda(body=nodes.Call(function=function, arguments=arguments))]:
            given = [argument.value for argument in arguments[1:]]
        case [function, *given]:
            pass
        case _:
            return False
    name = (dotted(function) or "").split(".")[-1]
    return name in _MAKERS and any(is_integer_type(value, environment) for value in given)


def as_constant(kind: RuleCall, call: nodes.Call, environment: Environment) -> RuleCall:
    """The classification of a call, as one without a derivative if it asks for integers: `x.astype("i4")`."""
    if kind.misfit or kind.rule.own or kind.rule.kind in ("constant", "unsupported"):
        return kind
    if not _TYPE_PARAMETERS & kind.rule.by_name.keys():
        return kind
    names = bound_parameters(call, kind.rule, kind.receiver) or []
    given = names[len(names) - len(call.arguments) :]
    types = [argument.value for name, argument in zip(given, call.arguments, strict=False) if name in _TYPE_PARAMETERS]
    if not any(is_integer_type(value, environment) for value in types):
        return kind
    return replace(kind, rule=replace(kind.rule, kind="constant"))
