"""What all nodes of the IR have in common, and how they are walked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from jvpgen.source.span import Span


@dataclass(frozen=True)
class Node:
    """Base of every node. `span` is None for text that the compiler made itself."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


# --- Walking ----------------------------------------------------------------------------------------------------------


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`, in source order. A node is frozen, so it keeps them once they were asked for."""
    known: tuple[Node, ...] | None = node.__dict__.get("_children")
    if known is None:
        known = tuple(found for name in _field_names(type(node)) for found in _nodes(getattr(node, name)))
        node.__dict__["_children"] = known
    return known


def _field_names(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _names_known:
        _names_known[kind] = tuple(item.name for item in fields(kind))
    return _names_known[kind]


_names_known: dict[type[Any], tuple[str, ...]] = {}


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it, parents first, in source order."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting.extend(reversed(children(found)))


def map_children(node: Any, function: Any) -> Any:
    """A copy of `node` whose direct child nodes are `function(child)`; the node itself if none changed."""
    changes = {}
    for name in _field_names(type(node)):
        old = getattr(node, name)
        new = _mapped(old, function)
        if new is not old:
            changes[name] = new
    return replace(node, **changes) if changes else node


def _mapped(value: Any, function: Any) -> Any:
    if isinstance(value, Node):
        return function(value)
    if isinstance(value, tuple):
        new = tuple(_mapped(item, function) for item in value)
        return value if all(a is b for a, b in zip(new, value, strict=True)) else new
    return value
