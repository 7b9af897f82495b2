"""Values that hold others: their items, where known, and the names and expressions that loops and locals go by."""

from __future__ import annotations

from jvpgen.ir import nodes
from jvpgen.ir.declarations.text import size
from jvpgen.ir.declarations.values import UNKNOWN, Choice, Repeated, Sequence, Table, Text, Value, choice
from jvpgen.ir.scoping import dotted

_SHORT = 12  # nodes of a local's expression that may stand for the local
_SHAPE_FUNCTIONS = frozenset({"len", "tuple", "int", "max", "min", "list", "sum"})


def as_expression(value: Value | None) -> nodes.Expression | None:
    """The expression of a value that is one, displays of such values included."""
    if isinstance(value, Text):
        return value.expression
    if isinstance(value, Sequence):
        parts = [as_expression(item) for item in value.items]
        if all(part is not None for part in parts):
            return nodes.TupleDisplay(tuple(part for part in parts if part is not None))
    return None


def named(value: Value, name: str) -> Value:
    """What a local variable stands for: a value that matters, a short expression of shapes, or else itself."""
    if not isinstance(value, Text) or value == UNKNOWN:
        return Text(nodes.Name(name)) if value == UNKNOWN else value
    expression = value.expression
    calls_only_shapes = all(
        dotted(node.function) in _SHAPE_FUNCTIONS for node in nodes.walk(expression) if isinstance(node, nodes.Call)
    )
    return value if calls_only_shapes and size(expression) <= _SHORT else Text(nodes.Name(name))


def known_items(value: Value) -> tuple[Value, ...] | None:
    """The items of a value that is a list or tuple of known length."""
    if isinstance(value, Sequence) and not any(isinstance(item, Repeated) for item in value.items):
        return value.items
    if isinstance(value, Text) and isinstance(value.expression, nodes.TupleDisplay | nodes.ListDisplay):
        elements = value.expression.elements
        if not any(isinstance(element, nodes.Starred) for element in elements):
            return tuple(Text(element) for element in elements)
    return None


def any_item(value: Value) -> Value:
    """What any item of a container may be."""
    match value:
        case Sequence(items=items) if items:
            return choice(*(item.item if isinstance(item, Repeated) else item for item in items))
        case Table(items=entries) if entries:
            return choice(*(item for _, item in entries))
        case Choice(options=options):
            return choice(*(any_item(option) for option in options))
    return UNKNOWN


def index_name(target: nodes.Expression, iterable: nodes.Expression) -> str:
    """What a loop's counter is called in names: the source's own counter, or `i`."""
    function = dotted(iterable.function) if isinstance(iterable, nodes.Call) else None
    if function == "range" and isinstance(target, nodes.Name) and target.id != "_":
        return target.id
    if function == "enumerate" and isinstance(target, nodes.TupleDisplay):
        first = target.elements[0]
        if isinstance(first, nodes.Name) and first.id != "_":
            return first.id
    return "i"
