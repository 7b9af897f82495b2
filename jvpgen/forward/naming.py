"""Names of what the transform adds: tangents after their primals, temporaries after their callee or role.

Nothing is numbered through a function: a temporary's name is chosen anew in each source statement, so that an edit in
one statement renames nothing in another.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from functools import cached_property

from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.source.names import Names

RUNTIME_NAMES = (
    "Pair", "apply_jvp", "body", "function_jvp", "opaque", "pairs", "param", "pushforward", "scope_jvp",
    "tangent_lax", "tangent_numpy", "variable", "variables_of", "zero",
)  # fmt: skip
MODULE_OF = {
    "jnp": "jax.numpy", "lax": "jax.lax", "nn": "flax.linen", "jax": "jax", "np": "numpy", "operator": "operator",
}  # fmt: skip

_BUILTINS = frozenset(
    "sum max min abs pow round all any len list dict tuple set type id iter next map filter zip range input".split()
)
_ROLE_OF_OPERATOR = {
    "+": "total", "-": "difference", "*": "scaled", "/": "ratio", "@": "product", "**": "power", "%": "remainder",
    "//": "quotient", "unary-": "negated",
}  # fmt: skip
_ROLE_OF_CALL = {
    "reshape": "reshaped", "transpose": "transposed", "astype": "cast", "sum": "total",
    "max": "maximum", "min": "minimum",
    "abs": "magnitude", "square": "squared", "expand_dims": "expanded", "squeeze": "squeezed", "where": "selected",
    "select": "selected", "concatenate": "joined", "stack": "stacked", "split": "parts", "take": "taken",
    "dot": "product",
    "matmul": "product", "einsum": "contracted", "multiply": "scaled", "add": "total", "subtract": "difference",
    "divide": "ratio", "sqrt": "root", "broadcast_to": "broadcast", "swapaxes": "swapped", "repeat": "repeated",
    "pad": "padded", "tuple": "items", "list": "items", "dict": "items", "len": "length", "set": "updated",
    "partial": "function",
}  # fmt: skip


@dataclass(frozen=True)
class Naming:
    """`reserved` holds every identifier of the function and of the names it uses; `modules` and `runtime` say how the
    generated file spells JAX's modules and the runtime's functions."""

    reserved: frozenset[str] = frozenset()
    modules: dict[str, str] = field(default_factory=dict)
    runtime: dict[str, str] = field(default_factory=dict)

    def tangent(self, name: str) -> str:
        """`x_dot` for `x`; another word where the user has an `x_dot` of their own."""
        for suffix in ("_dot", "_tangent", "_tangent_"):
            if name + suffix not in self.reserved:
                return name + suffix
        return self.tangent(name + "_")

    def tangent_attribute(self, name: str) -> str:
        return name + "_dot"

    def helper(self, name: str) -> nodes.Name:
        """A function of the runtime, as this file spells it."""
        return nodes.Name(self.runtime.get(name, name))

    def module(self, name: str) -> nodes.Name:
        """`jnp`, `lax`, … as this file spells them."""
        return nodes.Name(self.modules.get(name, name))

    @cached_property
    def added_names(self) -> frozenset[str]:
        """How this file spells the modules and functions that the compiler writes calls of."""
        helpers = (self.helper(name).id for name in RUNTIME_NAMES)
        return frozenset(helpers) | frozenset(self.module(name).id for name in MODULE_OF)

    def is_free(self, name: str) -> bool:
        used = self.reserved | set(RUNTIME_NAMES) | _BUILTINS
        return name not in used and name + "_dot" not in used and not keyword.iskeyword(name)

    def temporary(self, role: str, taken: set[str]) -> str:
        """A name for an intermediate value, by its role; `taken` are the temporaries of the same source statement."""
        candidates = [role, f"{role}_out", *(f"{role}_{number}" for number in range(2, 1000))]
        chosen = next(name for name in candidates if self.is_free(name) and name not in taken)
        taken.add(chosen)
        return chosen


def role_of(node: nodes.Expression) -> str:
    """The word for the value of `node`: its callee's name, or what its operator makes."""
    match node:
        case nodes.Binary(operator=operator):
            return _ROLE_OF_OPERATOR.get(operator, "value")
        case nodes.Unary(operator=operator):
            return _ROLE_OF_OPERATOR.get(f"unary{operator}", "value")
        case nodes.Call():
            return _role_of_call(node)
        case nodes.Attribute(attribute=attribute):
            return _word(attribute)
        case nodes.Subscript(value=value):
            return _word(dotted(value) or "item").removesuffix("s") or "item"
        case nodes.Conditional():
            return "chosen"
        case nodes.Comprehension() | nodes.ListDisplay() | nodes.TupleDisplay() | nodes.DictDisplay():
            return "items"
        case nodes.Lambda():
            return "function"
        case nodes.Name(id=name):
            return _word(name)
    return "value"


def role_before(node: nodes.Expression) -> str:
    """The word for a value that is read before something changes it: `x_before`, `layer` of `layers`, `stack_item`."""
    match node:
        case nodes.Name(id=name):
            return f"{name}_before"
        case nodes.Subscript(value=value) if role_of(node) == _word(dotted(value) or "item"):
            return f"{role_of(node)}_item"
    return role_of(node)


def _role_of_call(node: nodes.Call) -> str:
    match node:
        case nodes.Call(function=nodes.Attribute(attribute="param"), arguments=(first, *_)):
            text = first.value.text.strip("'\"") if isinstance(first.value, nodes.Constant) else ""
            return text if text.isidentifier() else "parameter"
        case nodes.Call(function=nodes.Attribute(attribute="variable"), arguments=(_, second, *_)):
            text = second.value.text.strip("'\"") if isinstance(second.value, nodes.Constant) else ""
            return text if text.isidentifier() else "variable_value"
        case nodes.Call(function=nodes.Call() as inner):
            return role_of_layer(inner)
        case nodes.Call(function=nodes.Subscript(value=value)):
            return role_of(value).removesuffix("s") or "value"
    name = (dotted(node.function) or "").split(".")[-1]
    if isinstance(node.function, nodes.Attribute):
        name = node.function.attribute
    return _ROLE_OF_CALL.get(name) or _word(name)


def role_of_layer(made: nodes.Call) -> str:
    """The word for what a layer gives: with the name that Flax knows it by, if the source gives one: `query_dense`."""
    role = _role_of_call(made)
    given = next((item.value for item in made.arguments if item.keyword == "name"), None)
    name = given.text.strip("'\"") if isinstance(given, nodes.Constant) else ""
    if not name.isidentifier() or name == "None":
        return role
    word, kind = _word(name), role.rpartition("_")[2]
    says_it = any(kind.startswith(part) and len(part) > 3 for part in word.split("_"))  # `embed` of an `Embedding`
    return word if says_it else f"{word}_{kind}"


def _word(name: str) -> str:
    """`MultiHeadDotProductAttention` → `multi_head_dot_product_attention`, `LoRADense` → `lora_dense`."""
    snake = re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z][a-z])", "_", name.split(".")[-1]).lower().strip("_")
    return snake or "value"


def module_aliases(names: Names) -> dict[str, str]:
    """How a file spells JAX's modules where not as usual: the user's alias, or a longer name if that is taken."""
    aliases = {}
    for usual, module in MODULE_OF.items():
        if names.qualified(usual) == module:
            continue
        users = [name for name in names.bindings if names.qualified(name) == module]
        if users:
            aliases[usual] = users[0]
        elif names.candidates(usual):
            aliases[usual] = module.replace(".", "_") if module != usual else f"{usual}_"
    return aliases
