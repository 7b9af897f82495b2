"""Which leaves move where two tangents must have one form: a loop's carry going in and out, the branches of a `cond`.

It is found by trying. What turns out to move although it was thought still stops the trace; it is told to move, and the
trace begins again. A leaf once told to move stays so, hence this ends; as a rule the first trace is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flax.core import Scope
from flax.linen.module import _context

from jvpgen.runtime.leafwise import as_tree, instantiated
from jvpgen.runtime.snapshot import Snapshot

T = TypeVar("T")


class Disagreement(BaseException):
    """A leaf moves that was thought still. The user's `except Exception` is not meant."""


class Agreement:
    """The leaves of one value that move, so far; None until the value is known."""

    def __init__(self) -> None:
        self._moves: list[bool] | None = None

    def begun(self, primal: Any, leaves: Sequence[Any]) -> Any:
        """The tangents going in, as a tree: what moves by now has zeros where it stands still here."""
        self._add([leaf is not None for leaf in leaves])
        return self._tree(primal, leaves)

    def met(self, primal: Any, leaves: Sequence[Any]) -> Any:
        """The tangents coming out, as a tree; raises Disagreement where more moves than was known."""
        if self._moves is not None and len(self._moves) != len(leaves):
            return as_tree(primal, leaves)  # not the same structure: JAX says it better, of the user's value
        known = self._moves is not None
        if self._add([leaf is not None for leaf in leaves]) and known:
            raise Disagreement
        return self._tree(primal, leaves)

    def _tree(self, primal: Any, leaves: Sequence[Any]) -> Any:
        assert self._moves is not None
        return as_tree(primal, instantiated(leaves, primal, self._moves))

    def _add(self, moves: list[bool]) -> bool:
        """Adds what moves; whether that was news."""
        before = self._moves
        self._moves = moves if before is None else [a or b for a, b in zip(before, moves, strict=True)]
        return self._moves != before


def snapshot(scopes: Sequence[Scope] = ()) -> Snapshot:
    """The names and keys that the module around, and scopes, have used so far."""
    return Snapshot(_context.module_stack[-1], scopes)


def agreed(trace: Callable[[], T], scopes: Sequence[Scope] = ()) -> T:
    """The result of the first trace in which nothing disagrees; each begins with the names and keys of the first."""
    before = snapshot(scopes)
    while True:
        try:
            return trace()
        except Disagreement:
            before.restore()


def looped(
    run: Callable[[Any], T], carried: Agreement, init: Any, leaves: Sequence[Any], scopes: Sequence[Scope] = ()
) -> T:
    """`run` of the twin that a loop begins with, again until what goes in moves as what comes out."""
    return agreed(lambda: run((init, carried.begun(init, leaves))), scopes)
