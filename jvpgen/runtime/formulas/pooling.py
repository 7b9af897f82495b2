"""Windows over arrays: pooling and `lax.reduce_window`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from flax.linen import pooling
from jax import lax

from jvpgen.runtime.formulas.monoids import is_extremum, is_sum
from jvpgen.runtime.pair import Pair
from jvpgen.runtime.pushing import push
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
    """`lax.reduce_window`: sums are linear; of maxima and minima, the tangent of the chosen element; any other
    computation is pushed forward."""
    geometry = (window_dimensions, window_strides, padding, base_dilation, window_dilation)
    if not is_sum(computation) and not is_extremum(computation, init_value):
        return push(lax.reduce_window, [Pair(operand, operand_dot), init_value, computation, *geometry], {})
    out = lax.reduce_window(operand, init_value, computation, *geometry)
    if is_zero(operand_dot):
        return out, zero(out)
    if is_sum(computation):
        return out, lax.reduce_window(operand_dot, np.zeros((), operand_dot.dtype), lax.add, *geometry)
    if computation is lax.max:
        return out, _chosen_tangent(operand, operand_dot, -jnp.inf, lax.ge, *geometry)
    return out, _chosen_tangent(operand, operand_dot, jnp.inf, lax.le, *geometry)


def _chosen_tangent(
    operand: Any,
    operand_dot: Any,
    worst: float,
    as_good: Callable[[Any, Any], Any],
    window: Sequence[int],
    strides: Sequence[int] | None,
    padding: Padding,
    base_dilation: Sequence[int] | None,
    window_dilation: Sequence[int] | None,
) -> Any:
    """The tangents of the chosen elements. Windows are boxes: one axis is reduced after the other, the last first.

    An element is a slice of the array, and a later one is chosen only if it is better: equals leave the first.
    """
    ones = (1,) * operand.ndim
    strides, dilation = strides or ones, window_dilation or ones
    spans = [(size - 1) * step + 1 for size, step in zip(window, dilation, strict=True)]
    spread = [(size - 1) * step + 1 for size, step in zip(operand.shape, base_dilation or ones, strict=True)]
    pads = lax.padtype_to_pads(spread, spans, strides, padding) if isinstance(padding, str) else padding
    edges = [(low, high, step - 1) for (low, high), step in zip(pads, base_dilation or ones, strict=True)]
    value: Any = lax.pad(lax.stop_gradient(operand), np.array(worst, operand.dtype), edges)
    tangent: Any = lax.pad(operand_dot, np.zeros((), operand_dot.dtype), edges)
    for axis in reversed(range(operand.ndim)):
        last = (value.shape[axis] - spans[axis]) // strides[axis] * strides[axis]
        best: Any = None
        best_dot: Any = None
        for start in range(0, spans[axis], dilation[axis]):
            element, element_dot = (
                lax.slice_in_dim(array, start, start + last + 1, strides[axis], axis) for array in (value, tangent)
            )
            kept = element == worst if best is None else as_good(best, element)
            best = element if best is None else lax.select(kept, best, element)
            best_dot = lax.select(kept, jnp.zeros_like(element_dot) if best_dot is None else best_dot, element_dot)
        value, tangent = best, best_dot
    return tangent
