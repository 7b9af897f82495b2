"""Which values may be records of a user's class: what an attribute, a call or an operator of them means, it decides.

A value that is plainly an array, or a number, is none. Nothing is asked where no class in sight declares the name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.rules import lookup

_OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "&": "and_", "|": "or_", "^": "xor", "<<": "lshift", ">>": "rshift",
}  # fmt: skip
_UNARY_OPERATORS = {"-": "neg", "+": "pos", "~": "invert"}
OPERATOR_METHODS = frozenset(
    f"__{prefix}{name.rstrip('_')}__" for name in _OPERATORS.values() for prefix in ("", "r", "i")
) | frozenset(f"__{name}__" for name in (*_UNARY_OPERATORS.values(), "abs", "getitem", "call"))
_READS = frozenset(("keys", "index", "count"))
_JOIN_ARRAYS = frozenset(("jax.numpy.c_", "jax.numpy.r_", "numpy.c_", "numpy.r_"))
_AMBIGUOUS_FIELDS = frozenset(("shape", "size", "ndim"))
_ARRAY_FUNCTIONS = ("jax.numpy.", "jax.nn.", "jax.random.", "jax.scipy.", "einops.", "numpy.")
_LAYERS_OF_VALUES = frozenset(("Sequential", "RNN", "Bidirectional"))
_ARRAY_TYPES = frozenset("Array ndarray ArrayLike float int".split())


def special_members(environment: Environment) -> list[str]:
    """What classes of values in sight declare that means something else for an array."""
    members = environment.members()
    return sorted(members.fields & _AMBIGUOUS_FIELDS) + sorted(members.methods & (OPERATOR_METHODS | _READS))


def has_ambiguous_field(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether `node` reads what an array calls its shape or size, and may read the field of a record."""
    name = node.attribute
    return name in _AMBIGUOUS_FIELDS and name in environment.members().fields and not is_array(node.value, environment)


def may_be_property(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether `node` may read a property of a class in sight."""
    return node.attribute in environment.members().properties and not is_array(node.value, environment)


def may_be_method(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether `node`, read and not called, may be a bound method of a class in sight."""
    receiver = environment.receiver
    if receiver is not None and node.value == nodes.Name(receiver.name) and node.attribute in receiver.fields:
        return False
    return node.attribute in environment.members().methods and not is_array(node.value, environment)


def is_undeclared(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether `node` reads an attribute of the receiver that its class does not declare: a subclass does."""
    receiver = environment.receiver
    return receiver is not None and node.value == nodes.Name(receiver.name) and node.attribute not in receiver.declared


def has_own_method(receiver: nodes.Expression, name: str, environment: Environment) -> bool:
    """Whether a method called like one of an array's or a container's may be that of a class in sight."""
    return name in environment.members().methods and not is_array(receiver, environment)


def own_operator(node: nodes.Expression, environment: Environment) -> str | None:
    """The name in `operator` of an operator or subscript that may be that of a class in sight; None for any other."""
    parts: tuple[nodes.Expression, ...]
    match node:
        case nodes.Binary(left=left, operator=operator, right=right):
            name, parts, reflected = _OPERATORS.get(operator), (left, right), True
        case nodes.Unary(operator=operator, operand=operand):
            name, parts, reflected = _UNARY_OPERATORS.get(operator), (operand,), False
        case nodes.Subscript(value=value):
            if joins_arrays(node, environment):
                return "getitem"
            name, parts, reflected = "getitem", (value,), False
        case _:
            return None
    return name if name is not None and _is_declared(name, parts, reflected, environment) else None


def joins_arrays(node: nodes.Subscript, environment: Environment) -> bool:
    """Whether a subscript is `jnp.c_[a, b]` or `jnp.r_[a, b]`, which makes an array of those in the index."""
    name = dotted(node.value)
    return name is not None and environment.global_name(name) in _JOIN_ARRAYS


def own_in_place_operator(node: nodes.AugmentedAssign, environment: Environment) -> str | None:
    """The same for `x += y` where a class in sight has an `__iadd__`."""
    name = f"i{_OPERATORS.get(node.operator, '')}".rstrip("_")
    is_declared = f"__{name}__" in environment.members().methods and not is_array(node.target, environment)
    return name if is_declared else None


def _is_declared(name: str, parts: Iterable[nodes.Expression], reflected: bool, environment: Environment) -> bool:
    methods = environment.members().methods
    stem = name.rstrip("_")
    if f"__{stem}__" not in methods and not (reflected and f"__r{stem}__" in methods):
        return False
    return not all(is_array(part, environment) for part in parts)


def is_array(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is plainly an array, a number or a display, and so no record."""
    match node:
        case nodes.Name(id=name):
            return name in environment.arrays or name in environment.collections
        case nodes.Constant() | nodes.Comparison() | nodes.TupleDisplay() | nodes.ListDisplay() | nodes.DictDisplay():
            return True
        case nodes.FormattedString() | nodes.Comprehension() | nodes.Slice():
            return True
        case nodes.Unary(operand=operand):
            return node.operator == "not" or is_array(operand, environment)
        case nodes.Binary(left=left, right=right):
            return is_array(left, environment) and is_array(right, environment)
        case nodes.Conditional(body=body, orelse=orelse):
            return is_array(body, environment) and is_array(orelse, environment)
        case nodes.Boolean(values=values):
            return all(is_array(value, environment) for value in values)
        case nodes.Subscript(value=nodes.Name(id=name)) if name in environment.collections:
            return False
        case nodes.Subscript(value=value):
            return is_array(value, environment) and not isinstance(value, nodes.TupleDisplay | nodes.ListDisplay)
        case nodes.Attribute():
            return _attribute_is_array(node, environment)
        case nodes.Call():
            return _call_is_array(node, environment)
    return False


def _attribute_is_array(node: nodes.Attribute, environment: Environment) -> bool:
    if isinstance(node.value, nodes.Name) and node.value.id == environment.self_name:
        facts = environment.facts
        return facts is not None and node.attribute in facts.number_fields
    members = environment.members()
    return node.attribute in members.arrays or is_array(node.value, environment)


def _call_is_array(node: nodes.Call, environment: Environment) -> bool:
    function = node.function
    name = dotted(function)
    qualified = environment.global_name(name) if name else None
    if qualified is not None:
        return qualified.startswith(_ARRAY_FUNCTIONS) or qualified in ("builtins.len", "builtins.float", "builtins.int")
    match function:
        case nodes.Attribute(value=nodes.Name(id=owner), attribute="param") if owner == environment.self_name:
            return len(node.arguments) > 1 and _is_initializer(node.arguments[1].value, environment)
        case nodes.Attribute(value=nodes.Name(id=owner), attribute=attribute) if owner == environment.self_name:
            facts = environment.facts
            return facts is not None and _is_layer(facts.submodules.get(attribute))
        case nodes.Attribute(attribute=method) if lookup(f"array.{method}") is not None:
            return method not in environment.members().methods and method not in ("copy", "index", "count")
        case nodes.Name(id=name):
            return _is_layer(environment.instances.get(name))
        case nodes.Call(function=made):
            made_name = dotted(made)
            return _is_layer(environment.global_name(made_name) if made_name else None)
    return False


def _is_layer(qualified: str | None) -> bool:
    """Whether a class is one of Flax's layers, which turn arrays into arrays."""
    name = (qualified or "").rpartition(".")[2]
    return (qualified or "").startswith("flax.linen.") and name not in _LAYERS_OF_VALUES and not name.endswith("Cell")


def _is_initializer(node: nodes.Expression, environment: Environment) -> bool:
    """Whether an initializer is one of Flax's or JAX's."""
    name = dotted(node.function if isinstance(node, nodes.Call) else node)
    qualified = environment.global_name(name) if name else None
    return (qualified or "").startswith(("flax.linen.", "jax."))


def arrays(function: nodes.Function, environment: Environment) -> frozenset[str]:
    """Names that plainly hold arrays: annotated parameters, and locals that are never bound to anything else."""
    members = environment.members()
    if not (members.fields & _AMBIGUOUS_FIELDS or members.properties or members.methods):
        return frozenset()
    values: dict[str, list[nodes.Expression]] = {}
    unknown: set[str] = set()
    for item in function.parameters:
        annotation = dotted(item.annotation) if item.annotation is not None else None
        is_annotated = item.kind not in ("star", "double-star") and (annotation or "").split(".")[-1] in _ARRAY_TYPES
        values[item.name] = [] if is_annotated else [nodes.Name(item.name)]
        unknown |= set() if is_annotated else {item.name}
    for statement in function.body:
        for node in nodes.walk(statement):
            _note_bindings(node, values, unknown)
    found = frozenset(values) - unknown
    while True:
        inside = replace(environment, arrays=found)
        still = frozenset(name for name in found if all(is_array(value, inside) for value in values[name]))
        if still == found:
            return found
        found = still


def _note_bindings(node: nodes.Node, values: dict[str, list[nodes.Expression]], unknown: set[str]) -> None:
    match node:
        case nodes.Assign(targets=targets, value=value) if value is not None:
            for target in targets:
                if isinstance(target, nodes.Name):
                    values.setdefault(target.id, []).append(value)
                else:
                    unknown.update(_names(target))
        case nodes.AugmentedAssign(target=nodes.Name(id=name), value=value):
            values.setdefault(name, []).append(value)
        case nodes.NamedExpression(target=target, value=value):
            values.setdefault(target.id, []).append(value)
        case nodes.For(target=target) | nodes.Clause(target=target):
            unknown.update(_names(target))
        case nodes.WithItem(target=target) if target is not None:
            unknown.update(_names(target))
        case nodes.Function(name=name, parameters=parameters):
            unknown.update((name, *parameters.names()))
        case nodes.Lambda(parameters=parameters):
            unknown.update(parameters.names())
        case nodes.ExceptHandler(name=name) if name is not None:
            unknown.add(name)


def _names(target: nodes.Expression) -> list[str]:
    if isinstance(target, nodes.Attribute | nodes.Subscript):
        return []
    return [part.id for part in nodes.walk(target) if isinstance(part, nodes.Name)]
