"""Values that hold others: their items, where known, and the names and expressions that loops and locals go by."""

from __future__ import annotations

from collections.abc import Iterable

from jvpgen.ir import nodes
from jvpgen.ir.declarations.numbering import Number
from jvpgen.ir.declarations.text import size
from jvpgen.ir.declarations.values import UNKNOWN, Choice, Loop, Repeated, Sequence, Table, Text, Value, choice
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


def positions(items: Iterable[Value]) -> tuple[list[tuple[Value, Number]], Number]:
    """Each item of a list with its number in it, and the length of the list."""
    entries = [(item.item, item.loops) if isinstance(item, Repeated) else (item, ()) for item in items]
    return _positions(entries, Number())


def _positions(
    entries: list[tuple[Value, tuple[Loop, ...]]], start: Number
) -> tuple[list[tuple[Value, Number]], Number]:
    found: list[tuple[Value, Number]] = []
    while entries:
        value, around = entries[0]
        if not around:
            found.append((value, start))
            start, entries = start.plus(Number(1)), entries[1:]
            continue
        length = _same_round(entries)
        inner, step = _positions([(item, loops[1:]) for item, loops in entries[:length]], Number())
        first = start.plus(step.times(around[0].index))
        found += [(item, first.plus(number)) for item, number in inner]
        start, entries = start.plus(step.times(around[0].count)), entries[length:]
    return found, start


def _same_round(entries: list[tuple[Value, tuple[Loop, ...]]]) -> int:
    """How many of the first entries one round of the outermost loop makes."""
    loop, seen = entries[0][1][0], set[int]()
    for length, (value, around) in enumerate(entries):
        if not around or around[0] is not loop or id(value) in seen:
            return length
        seen.add(id(value))
    return len(entries)
