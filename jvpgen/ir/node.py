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


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below `node`, in source order."""
    for item in fields(node):
        yield from _nodes(getattr(node, item.name))


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it, parents first, in source order."""
    yield node
    for child in children(node):
        yield from walk(child)


def map_children(node: Any, function: Any) -> Any:
    """A copy of `node` whose direct child nodes are `function(child)`; the node itself if none changed."""
    changes = {}
    for item in fields(node):
        old = getattr(node, item.name)
        new = _mapped(old, function)
        if new is not old:
            changes[item.name] = new
    return replace(node, **changes) if changes else node


def _mapped(value: Any, function: Any) -> Any:
    if isinstance(value, Node):
        return function(value)
    if isinstance(value, tuple):
        new = tuple(_mapped(item, function) for item in value)
        return value if all(a is b for a, b in zip(new, value, strict=True)) else new
    return value
