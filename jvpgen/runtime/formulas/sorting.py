"""Sorting and selecting: the tangents follow their values."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from jvpgen.runtime.zero import is_zero, zero


def sort_jvp(
    a: Any,
    a_dot: Any,
    axis: int | None = -1,
    *,
    kind: None = None,
    order: None = None,
    stable: bool = True,
    descending: bool = False,
) -> tuple[Any, Any]:
    """`jnp.sort`: a_dot in the order of the sorted a; among equals as `lax.sort` leaves them."""
    if is_zero(a_dot):
        out = jnp.sort(a, axis, kind=kind, order=order, stable=stable, descending=descending)
        return out, zero(out)
    if axis is None:
        a, a_dot, axis = a.reshape(-1), a_dot.reshape(-1), 0
    (ascending,), positions = _sorted_with_positions((a,), axis, stable, 1)
    if descending:
        ascending, positions = jnp.flip(ascending, axis), jnp.flip(positions, axis)
    return ascending, jnp.take_along_axis(a_dot, positions, axis)


def lax_sort_jvp(
    operand: Any, operand_dot: Any, dimension: int = -1, is_stable: bool = True, num_keys: int = 1
) -> tuple[Any, Any]:
    """`lax.sort`: the tangents of all operands in the order that the keys give."""
    if is_zero(operand_dot):
        out = lax.sort(operand, dimension, is_stable, num_keys)
        return out, zero(out)
    several = isinstance(operand, list | tuple)
    operands, tangents = (tuple(operand), operand_dot) if several else ((operand,), (operand_dot,))
    out, positions = _sorted_with_positions(operands, dimension, is_stable, num_keys)
    moved = tuple(
        zero(value) if is_zero(tangent) else jnp.take_along_axis(tangent, positions, dimension)
        for value, tangent in zip(out, tangents, strict=True)
    )
    return (out, moved) if several else (out[0], moved[0])


def _sorted_with_positions(
    operands: tuple[Any, ...], dimension: int, is_stable: bool, num_keys: int
) -> tuple[tuple[Any, ...], Any]:
    shape = operands[0].shape
    positions = lax.broadcasted_iota(jnp.int32, shape, dimension % len(shape))
    *values, order = lax.sort((*operands, positions), dimension, is_stable, num_keys)
    return tuple(values), order


def top_k_jvp(operand: Any, operand_dot: Any, k: int, *, axis: int = -1) -> tuple[Any, Any]:
    """`lax.top_k`: operand_dot at the chosen positions; the positions themselves have no tangent."""
    out = lax.top_k(operand, k, axis=axis)
    if is_zero(operand_dot):
        return out, zero(out)
    positions = out[1]
    moved: Any = (jnp.take_along_axis(operand_dot, positions, axis), zero(positions))
    return out, list(moved) if isinstance(out, list) else moved
