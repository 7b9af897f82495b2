"""Windows over arrays: pooling and `lax.reduce_window`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from flax.linen import pooling
from jax import lax

from jvpgen.runtime.zero import is_zero, zero

_pool: Callable[..., Any] = nn.pool
_max_pool: Callable[..., Any] = nn.max_pool
_min_pool: Callable[..., Any] = pooling.min_pool
_avg_pool: Callable[..., Any] = nn.avg_pool

Padding = str | Sequence[tuple[int, int]]


def max_pool_jvp(
    inputs: Any, inputs_dot: Any, window_shape: Any, strides: Any = None, padding: Padding = "VALID"
) -> tuple[Any, Any]:
    """`nn.max_pool`: in each window the tangent of its maximum, the first of several."""
    out = _max_pool(inputs, window_shape, strides, padding)
    if is_zero(inputs_dot):
        return out, zero(out)
    return out, pool_jvp(inputs, inputs_dot, -jnp.inf, lax.max, window_shape, strides, padding)[1]


def min_pool_jvp(
    inputs: Any, inputs_dot: Any, window_shape: Any, strides: Any = None, padding: Padding = "VALID"
) -> tuple[Any, Any]:
    """`nn.min_pool`: in each window the tangent of its minimum, the first of several."""
    out = _min_pool(inputs, window_shape, strides, padding)
    if is_zero(inputs_dot):
        return out, zero(out)
    return out, pool_jvp(inputs, inputs_dot, jnp.inf, lax.min, window_shape, strides, padding)[1]


def avg_pool_jvp(
    inputs: Any,
    inputs_dot: Any,
    window_shape: Any,
    strides: Any = None,
    padding: Padding = "VALID",
    count_include_pad: bool = True,
) -> tuple[Any, Any]:
    """`nn.avg_pool`, which is linear: the average of inputs_dot in each window."""
    out = _avg_pool(inputs, window_shape, strides, padding, count_include_pad)
    if is_zero(inputs_dot):
        return out, zero(out)
    return out, _avg_pool(inputs_dot, window_shape, strides, padding, count_include_pad)


def pool_jvp(
    inputs: Any,
    inputs_dot: Any,
    init: Any,
    reduce_fn: Callable[..., Any],
    window_shape: Any,
    strides: Any,
    padding: Padding,
) -> tuple[Any, Any]:
    """`nn.pool`: `lax.reduce_window` over windows that span no batch axis and no feature axis."""
    out = _pool(inputs, init, reduce_fn, window_shape, strides, padding)
    if is_zero(inputs_dot):
        return out, zero(out)
    batch_axes = max(inputs.ndim - (len(window_shape) + 1), 1)
    full = (1,) * batch_axes
    steps = strides or (1,) * len(window_shape)
    if not isinstance(padding, str):
        padding = ((0, 0),) * batch_axes + tuple(map(tuple, padding)) + ((0, 0),)
    shape = (1,) * (batch_axes + 1 + len(window_shape) - inputs.ndim) + inputs.shape
    _, tangent = reduce_window_jvp(
        inputs.reshape(shape),
        inputs_dot.reshape(shape),
        init,
        reduce_fn,
        (*full, *window_shape, 1),
        (*full, *steps, 1),
        padding,
    )
    return out, tangent.reshape(out.shape)


def reduce_window_jvp(
    operand: Any,
    operand_dot: Any,
    init_value: Any,
    computation: Callable[..., Any],
    window_dimensions: Any,
    window_strides: Any = None,
    padding: Padding = "VALID",
    base_dilation: Any = None,
    window_dilation: Any = None,
) -> tuple[Any, Any]:
    """`lax.reduce_window`: sums are linear; of maxima and minima, the tangent of the chosen element."""
    geometry = (window_dimensions, window_strides, padding, base_dilation, window_dilation)
    out = lax.reduce_window(operand, init_value, computation, *geometry)
    if is_zero(operand_dot):
        return out, zero(out)
    if computation in (lax.add, jnp.add):
        return out, lax.reduce_window(operand_dot, np.zeros((), operand_dot.dtype), lax.add, *geometry)
    if computation in (lax.max, jnp.maximum):
        return out, _at(_positions(operand, -jnp.inf, lax.gt, geometry), operand_dot, geometry)
    if computation in (lax.min, jnp.minimum):
        return out, _at(_positions(operand, jnp.inf, lax.lt, geometry), operand_dot, geometry)
    raise TypeError(f"no derivative of lax.reduce_window by {computation}: sums, maxima and minima have one")


def _pooled_axes(window_dimensions: Sequence[int]) -> list[int]:
    return [axis for axis, size in enumerate(window_dimensions) if size > 1]


def _positions(operand: Any, worst: float, better: Callable[[Any, Any], Any], geometry: tuple[Any, ...]) -> Any:
    """For each window, where its chosen element stands among the pooled axes, flattened; -1 where all was padding.

    Of equal elements the first is chosen. Positions carry no tangent, so that derivatives of any order see a gather.
    """
    axes = _pooled_axes(geometry[0])
    places = jnp.arange(int(np.prod([operand.shape[axis] for axis in axes], dtype=np.int64)), dtype=jnp.int32)
    places = places.reshape([operand.shape[axis] if axis in axes else 1 for axis in range(operand.ndim)])
    places = jnp.broadcast_to(places, operand.shape)

    def choose(left: tuple[Any, Any], right: tuple[Any, Any]) -> tuple[Any, Any]:
        (value, place), (other, other_place) = left, right
        first = lax.bitwise_or(better(value, other), lax.bitwise_and(lax.eq(value, other), lax.le(place, other_place)))
        return lax.select(first, value, other), lax.select(first, place, other_place)

    start = (np.array(worst, operand.dtype), np.array(-1, np.int32))
    return lax.reduce_window((lax.stop_gradient(operand), places), start, choose, *geometry)[1]


def _at(positions: Any, operand_dot: Any, geometry: tuple[Any, ...]) -> Any:
    """operand_dot at the given positions of its pooled axes; 0 where there is none."""
    axes = _pooled_axes(geometry[0])
    kept = [axis for axis in range(operand_dot.ndim) if axis not in axes]

    def pooled_last(array: Any) -> Any:
        return array.transpose((*kept, *axes)).reshape((*(array.shape[axis] for axis in kept), -1))

    flat, places = pooled_last(operand_dot), pooled_last(positions)
    if any(flat.shape[i] != places.shape[i] for i in range(len(kept))):
        raise TypeError("no derivative of lax.reduce_window where an axis is strided or padded without a window")
    taken = jnp.where(places < 0, 0, jnp.take_along_axis(flat, jnp.maximum(places, 0), -1))
    moved = taken.reshape([positions.shape[axis] for axis in (*kept, *axes)])
    return moved.transpose(np.argsort((*kept, *axes)))
