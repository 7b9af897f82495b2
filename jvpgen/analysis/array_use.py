"""Names whose use says that they hold arrays, and no shapes or numbers of features."""

from __future__ import annotations

from collections.abc import Iterator

from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.rules import lookup

_OF_ARRAYS = frozenset("shape dtype ndim size T mT at".split())
_ALSO_OF_SHAPES = frozenset("jax.numpy.prod jax.numpy.array jax.numpy.asarray jax.numpy.sum jax.numpy.max".split())


def arrays_by_use(function: nodes.Function, environment: Environment) -> frozenset[str]:
    """The names that the function calculates with, asks for their shape, or gives to a layer."""
    walked = (node for statement in function.body for node in nodes.walk(statement))
    return frozenset(name for node in walked for name in _arrays(node, environment))


def attributes_by_use(function: nodes.Function, owner: str, environment: Environment) -> frozenset[str]:
    """The attributes of `owner` that the function uses so."""

    def as_name(node: nodes.Node) -> nodes.Node:
        match node:
            case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == owner:
                return nodes.Name(f"{owner}.{attribute}")
        return nodes.map_children(node, as_name)  # type: ignore[no-any-return]

    renamed = as_name(function)
    assert isinstance(renamed, nodes.Function)
    found = arrays_by_use(renamed, environment)
    return frozenset(name.removeprefix(f"{owner}.") for name in found if name.startswith(f"{owner}."))


def _arrays(node: nodes.Node, environment: Environment) -> Iterator[str]:
    match node:
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if attribute in _OF_ARRAYS:
            yield name
        case nodes.Binary(left=left, right=right) if not isinstance(right, _Display) and not isinstance(left, _Display):
            yield from (part.id for part in (left, right) if isinstance(part, nodes.Name))
        case nodes.Call(function=nodes.Call(), arguments=(nodes.Argument(value=nodes.Name(id=name), star=""), *_)):
            yield name
        case nodes.Call(function=nodes.Attribute(value=nodes.Name(id=name), attribute=method)):
            if (rule := lookup(f"array.{method}")) is not None and rule.kind != "constant":
                yield name
            yield from _tensors(node, environment)
        case nodes.Call():
            yield from _tensors(node, environment)


_Display = nodes.TupleDisplay | nodes.ListDisplay | nodes.Subscript


def _tensors(node: nodes.Call, environment: Environment) -> Iterator[str]:
    """The first argument of a function with a rule that differentiates it."""
    name = dotted(node.function)
    qualified = environment.qualified(name) if name else None
    rule = lookup(qualified) if qualified is not None and qualified not in _ALSO_OF_SHAPES else None
    if rule is not None and rule.kind != "constant" and node.arguments:
        first = node.arguments[0].value
        if isinstance(first, nodes.Name):
            yield first.id
