"""The arrays that are known to move just now, so that one which hides in a closure is found before its tangent is lost.

A function without a derivative may have captured an array that moves. `jax.jvp` over a call of it would take the
array as a constant, in silence; `check_captured` stops instead. Only arrays that passed through `pushforward`, `param`
or a module call are known.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import jax

from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.zero import is_zero


class _Live(threading.local):
    def __init__(self) -> None:
        self.depth = 0
        self.arrays: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


_live = _Live()


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Within, moving arrays are remembered; weakly, so that none lives longer for it."""
    _live.depth += 1
    try:
        yield
    finally:
        _live.depth -= 1
        if not _live.depth:
            _live.arrays.clear()


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """The same, for other directions: what moves outside does not move here, and the other way round."""
    before = _live.depth, _live.arrays
    _live.depth, _live.arrays = 1, weakref.WeakValueDictionary()
    try:
        yield
    finally:
        _live.depth, _live.arrays = before


def note(primals: Sequence[Any], tangents: Sequence[Any]) -> None:
    if _live.depth:
        for primal, tangent in zip(primals, tangents, strict=True):
            if isinstance(primal, jax.Array) and not is_zero(tangent):
                _live.arrays[id(primal)] = primal


def check_captured(content: Any, tangent: Any, *, function: Any, name: str) -> None:
    """Stops when a function captures an array that moves, and its derivative does not know the tangent."""
    if is_zero(tangent) and isinstance(content, jax.Array) and _live.arrays.get(id(content)) is content:
        raise LostTangent(
            f"{function.__qualname__} captures {name!r}, which has a tangent, but has no derivative that would use it; "
            "pass the value as an argument"
        )
