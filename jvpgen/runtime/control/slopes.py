"""Derivatives inside of what is differentiated forward: what another derivative is taken of, and of what as well.

Second derivatives commute: the tangent of a derivative of `f` is that derivative of the tangent of `f`. So each partner
here calls JAX's function twice: on `f`, as the user did, and on the tangent of `f`, a function of the same arguments,
which is generated code. Where derivatives need not commute (`commuting`), that gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import jax.numpy as jnp
from flax.core import Scope
from jax import tree

from jvpgen.runtime import commuting
from jvpgen.runtime.control.agreement import snapshot
from jvpgen.runtime.control.functions import Twin, pushed

T = TypeVar("T")


class Slope:
    """A function and its tangent, as functions of those of its arguments over which a derivative is taken.

    `moves` says of the leaves of its value, auxiliary ones aside, which have a tangent; it is known after a call.
    """

    def __init__(
        self, f: Any, twins: Sequence[Twin], named: Mapping[str, Twin], places: Sequence[int], has_aux: bool
    ) -> None:
        self._f, self._twins, self._named, self._places, self._has_aux = f, list(twins), named, places, has_aux
        self.moves: list[bool] = []

    def both(self, *chosen: Any) -> tuple[tuple[Any, list[Any]], tuple[Any, list[Any]]]:
        """The value, with the tangents of the leaves that move; and auxiliary output, with those of all its leaves."""
        out, leaves = pushed(self._f, self._at(chosen), self._named)
        value, aux = out if self._has_aux else (out, ())
        count = len(tree.leaves(value))
        self.moves = [leaf is not None for leaf in leaves[:count]]
        return (value, [leaf for leaf in leaves[:count] if leaf is not None]), (aux, leaves[count:])

    def tangents(self, *chosen: Any) -> Any:
        """The tangents alone, with those of auxiliary output if there is any."""
        (_, moving), (_, aux_leaves) = self.both(*chosen)
        moving = moving or [jnp.zeros((), tree.leaves(chosen)[0].dtype)]  # JAX has no Jacobians of nothing
        return (moving, aux_leaves) if self._has_aux else moving

    def spread(self, moving: Sequence[Any], width: int = 1) -> list[Any]:
        """What was made of the tangents, `width` for each, as a list for all leaves: None where nothing moves."""
        return spread([moves for moves in self.moves for _ in range(width)], moving)

    def _at(self, chosen: Sequence[Any]) -> list[Twin]:
        twins = list(self._twins)
        for place, value in zip(self._places, chosen, strict=True):
            twins[place] = (value, twins[place][1])
        return twins


def spread(moves: Sequence[bool], moving: Sequence[Any]) -> list[Any]:
    """What there is for the leaves that move, as a list for all leaves: None for the others."""
    rest = iter(moving)
    return [next(rest) if alive else None for alive in moves]


def exchanged(derive: Callable[[], T], scopes: Sequence[Scope] = ()) -> T | None:
    """What `derive` makes of slopes; None where the order of derivatives may matter, with nothing left behind."""
    before = snapshot(scopes)
    try:
        with commuting.exchanged():
            return derive()
    except commuting.OrderMatters:
        before.restore()
        return None
