"""What is known where ways through a method meet: after branches, at the end of a round, after a loop, after a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from functools import reduce

from jvpgen.ir import nodes
from jvpgen.ir.declarations.numbering import Counters
from jvpgen.ir.declarations.values import Loop, Repeated, Sequence, Table, Text, Value, choice


@dataclass
class State:
    """What is known at one place: the locals, and the next number of each class name."""

    locals: Mapping[str, Value]
    counters: Counters


@dataclass
class Exits:
    """The states in which a loop's round or a function's body is left before its end."""

    continues: list[State] = field(default_factory=list)
    breaks: list[State] = field(default_factory=list)
    returns: list[State] = field(default_factory=list)

    def all(self) -> list[State]:
        return [*self.continues, *self.breaks, *self.returns]


def merged(states: Items[State]) -> State:
    """What is known where the ways of `states`, at least one, meet."""
    return reduce(_merged, states)


def _merged(one: State, other: State) -> State:
    names = dict.fromkeys([*one.locals, *other.locals])
    local = {
        name: joined(one.locals[name], other.locals[name])
        if name in one.locals and name in other.locals
        else one.locals.get(name, other.locals.get(name, Text(nodes.Name(name))))
        for name in names
    }
    return State(local, one.counters.merged(other.counters))


def joined(one: Value, other: Value) -> Value:
    """What a local is worth after one of two branches: a list keeps its common start, a dict all of its entries."""
    if one is other or one == other:
        return one
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return _joined_lists(one, other)
    if isinstance(one, Table) and isinstance(other, Table):
        return Table(tuple(dict.fromkeys((*one.items, *other.items))))
    return choice(one, other)


def _joined_lists(one: Sequence, other: Sequence) -> Sequence:
    plain = not any(isinstance(item, Repeated) for item in (*one.items, *other.items))
    if plain and len(one.items) == len(other.items):
        pairs = zip(one.items, other.items, strict=True)
        return Sequence(tuple(choice(first, second) for first, second in pairs), one.loops)
    same = 0
    for first, second in zip(one.items, other.items, strict=False):
        if first is not second and first != second:
            break
        same += 1
    return Sequence((*one.items[:same], *some_of((*one.items[same:], *other.items[same:]))), one.loops)


def some_of(items: Iterable[Value]) -> tuple[Value, ...]:
    """Any number of each of `items`, as it may be."""
    return tuple(Repeated(item.item if isinstance(item, Repeated) else item, (Loop(),)) for item in items)
