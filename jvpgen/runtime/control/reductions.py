"""`lax.reduce` and `lax.reduce_window` by a function of the user's: values and tangents are combined together.

What combines values in any order combines them with their tangents in any order: the derivative of `a · b` is that of
a product of pairs. JAX wants a first value that changes nothing, and refuses one that moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax import lax

from jvpgen.runtime.control.agreement import Agreement, looped
from jvpgen.runtime.control.functions import Outcome, Twin, bound, halves, outcome, plain, pushed
from jvpgen.runtime.formulas.monoids import is_extremum, is_monoid, is_sum

_GEOMETRY = ("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")


def reduce_window(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`lax.reduce_window(operand, init_value, computation, …)`; None where its rule fits."""
    given = bound(lax.reduce_window, args, kwargs)
    computation, (init, init_dot) = given["computation"], halves(given["init_value"])
    known = plain(computation)
    if is_sum(known) or is_extremum(known, init) or any(leaf is not None for leaf in init_dot):
        return None
    geometry = [plain(given[name]) for name in _GEOMETRY]
    operand, operand_dot = halves(given["operand"])
    carried = Agreement()
    combine = _combination(computation, carried)

    def trace(start: Twin) -> Outcome:
        neutral = (init, _zeros(start[1]))
        return outcome(lax.reduce_window(start, neutral, combine, *geometry))

    _, tangent = looped(trace, carried, operand, operand_dot)
    return lax.reduce_window(operand, init, known, *geometry), tangent


def reduce(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`lax.reduce(operands, init_values, computation, dimensions)`; None where its rule fits."""
    given = bound(lax.reduce, args, kwargs)
    computation, (init, init_dot) = given["computation"], halves(given["init_values"])
    known, dimensions = plain(computation), tuple(plain(given["dimensions"]))
    if is_monoid(known, init) or any(leaf is not None for leaf in init_dot):
        return None
    operands, operands_dot = halves(given["operands"])
    out = lax.reduce(operands, init, known, dimensions, plain(given["out_sharding"]))
    leaves = jax.tree.leaves(operands)
    if not leaves or not all(leaf.size for leaf in leaves):
        return out, None
    carried = Agreement()
    combine = _combination(computation, carried)

    def trace(start: Twin) -> Outcome:
        return outcome(_halved(combine, start, (init, _zeros(start[1])), dimensions))

    return out, looped(trace, carried, operands, operands_dot)[1]


def _combination(computation: Any, carried: Agreement) -> Callable[[Twin, Twin], Twin]:
    def combine(left: Twin, right: Twin) -> Twin:
        out, leaves = pushed(computation, [left, right])
        return out, carried.met(out, leaves)

    return combine


def _zeros(tangents: Any) -> Any:
    return jax.tree.map(lambda leaf: np.zeros((), leaf.dtype), tangents)


def _halved(combine: Callable[[Twin, Twin], Twin], start: Twin, neutral: Twin, dimensions: Sequence[int]) -> Twin:
    """Both halves combined until one element is left: what is equal gets the shares that it gets under `jax.jvp`."""
    kept = [axis for axis in range(jax.tree.leaves(start)[0].ndim) if axis not in dimensions]

    def flat(leaf: Any) -> Any:
        return lax.transpose(leaf, (*dimensions, *kept)).reshape((-1, *(leaf.shape[axis] for axis in kept)))

    elements = jax.tree.map(flat, start)
    for _ in range(len(kept) + 1):
        combine = jax.vmap(combine)
    while (count := jax.tree.leaves(elements)[0].shape[0]) > 1:
        half = (count + 1) // 2
        ends = ((0, 2 * half - count, 0), *((0, 0, 0) for _ in kept))
        left = jax.tree.map(lambda leaf: leaf[:half], elements)  # noqa: B023  called at once
        right = jax.tree.map(lambda leaf, end: lax.pad(leaf[half:], end, ends), elements, neutral)  # noqa: B023
        elements = combine(left, right)
    return jax.tree.map(lambda leaf: leaf[0], elements)  # type: ignore[no-any-return]
