"""Lists, dicts and objects whose tangents nobody keeps while a call runs: what the call stores in one would be lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import jax

from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.objects import has_places
from jvpgen.runtime.zero import is_inexact

_CONTAINERS = (list, dict, deque)


class _Watched:
    """Lists, dicts and objects, and what each holds at any depth before a call; holding it keeps identities unique."""

    def __init__(self, containers: Iterable[Any]) -> None:
        self._before = [(value, list(_items(value))) for value in containers if _may_change(value)]

    def changed(self) -> Iterator[tuple[Any, list[Any]]]:
        """Those that hold something else now, with what is new in them."""
        for value, before in self._before:
            after = list(_items(value))
            if [*map(id, before)] != [*map(id, after)]:
                known = set(map(id, before))
                yield value, [item for item in after if id(item) not in known]


class Constants(_Watched):
    """Those among the arguments of a call that are said to have no tangent."""

    def check(self, name: str) -> None:
        """Stops if the call has stored an array in one; integers and the like have no tangent to lose."""
        for value, stored in self.changed():
            if any(isinstance(item, jax.Array) and is_inexact(item) for item in stored):
                kind = type(value).__name__
                remedy = f"make it an empty {kind}, or " if isinstance(value, _CONTAINERS) else ""
                raise LostTangent(
                    f"{name} stores an array in a {kind} that is taken for constant; {remedy}return what is stored"
                )


class Copies(_Watched):
    """Those that a call gets in place of the user's own, around other arrays."""

    def __init__(self, given: Iterable[Any], originals: Iterable[Any]) -> None:
        super().__init__(copy for copy, own in zip(given, originals, strict=True) if copy is not own)

    def check(self, name: str) -> None:
        """Stops if the call has changed one: the user's own would stay as it is."""
        for value, _ in self.changed():
            raise LostTangent(
                f"{name} changes a {type(value).__name__} that it is given, and has no derivative of its own: "
                "return what is changed, or let jvpgen derive it"
            )


def _may_change(value: Any) -> bool:
    return isinstance(value, _CONTAINERS) or has_places(value)


def _items(value: Any) -> Iterator[Any]:
    """What a container holds, that of containers in it included; what an object holds itself."""
    if not isinstance(value, _CONTAINERS):
        yield from vars(value).values()
        return
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, _CONTAINERS):
            yield from _items(item)
        else:
            yield item
