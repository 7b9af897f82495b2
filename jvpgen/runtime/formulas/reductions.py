"""Extrema, products, spreads and logarithms of sums along axes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jvpgen.runtime.formulas.sums import total
from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero

Axes = int | tuple[int, ...] | None


def mean_dot_product(x: Any, x_dot: Any, axis: Axes, where: Any) -> Any:
    """The mean of x · x_dot along the axes, which are kept; a zero if x_dot is."""
    return (
        jnp.mean(x * x_dot, axis, keepdims=True, where=where)
        if not is_zero(x_dot)
        else zero(jnp.sum(x, axis, keepdims=True))
    )


# --- Extrema ----------------------------------------------------------------------------------------------------------


def max_jvp(
    a: Any,
    a_dot: Any,
    axis: Axes = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    initial_dot: Any = None,
    where: Any = None,
) -> tuple[Any, Any]:
    """`jnp.max`: the mean of a_dot over the elements that equal the maximum (`lax.reduce_max`), or initial_dot."""
    result = jnp.max(a, axis, out, keepdims, initial, where)
    return result, _extremum_tangent(a, a_dot, axis, initial, initial_dot, where, result, jnp.max)


def min_jvp(
    a: Any,
    a_dot: Any,
    axis: Axes = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    initial_dot: Any = None,
    where: Any = None,
) -> tuple[Any, Any]:
    """`jnp.min`: the mean of a_dot over the elements that equal the minimum (`lax.reduce_min`), or initial_dot."""
    result = jnp.min(a, axis, out, keepdims, initial, where)
    return result, _extremum_tangent(a, a_dot, axis, initial, initial_dot, where, result, jnp.min)


def reduce_max_jvp(operand: Any, operand_dot: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """`lax.reduce_max`: as `jnp.max`."""
    return max_jvp(operand, operand_dot, tuple(axes))


def reduce_min_jvp(operand: Any, operand_dot: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """`lax.reduce_min`: as `jnp.min`."""
    return min_jvp(operand, operand_dot, tuple(axes))


def _extremum_tangent(
    a: Any, a_dot: Any, axis: Axes, initial: Any, initial_dot: Any, where: Any, result: Any, extremum: Any
) -> Any:
    if is_zero(a_dot) and is_zero(initial_dot):
        return zero(result)
    neutral = -jnp.inf if extremum is jnp.max else jnp.inf
    if where is not None:
        a = jnp.where(where, a, neutral)
        a_dot = a_dot if is_zero(a_dot) else jnp.where(where, a_dot, 0)
    best = extremum(a, axis, keepdims=True, initial=None if jnp.size(a) else neutral)
    best_dot = None
    if not is_zero(a_dot):
        attained = (a == best).astype(a_dot.dtype)
        best_dot = jnp.sum(a_dot * attained, axis, keepdims=True) / jnp.sum(attained, axis, keepdims=True)
    share, initial_share = _shares(best, initial, extremum)
    tangent = total(result.reshape(best.shape), (best_dot, share), (initial_dot, initial_share))
    return tangent.reshape(result.shape)


def _shares(best: Any, initial: Any, extremum: Any) -> tuple[Any, Any]:
    """The weights of the extremum of the elements and of `initial`, half and half where they are equal."""
    if initial is None:
        return None, None
    ahead = best > initial if extremum is jnp.max else best < initial
    share = jnp.where(best == initial, 0.5, ahead)
    return share, 1 - share


# --- Products ---------------------------------------------------------------------------------------------------------


def prod_jvp(
    a: Any,
    a_dot: Any,
    axis: Axes = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    initial_dot: Any = None,
    where: Any = None,
    promote_integers: bool = True,
) -> tuple[Any, Any]:
    """`jnp.prod`: Σᵢ aᵢ_dot · Π_{j≠i} aⱼ, times `initial`; and initial_dot · Πⱼ aⱼ.

    Products without i come from running ones on both sides: no division.
    """
    result = jnp.prod(a, axis, dtype, out, keepdims, initial, where, promote_integers)
    others = None if is_zero(initial_dot) else jnp.prod(a, axis, dtype, out, keepdims, None, where, promote_integers)
    elements_dot = None if is_zero(a_dot) else _prod_tangent(a, a_dot, axis, where).reshape(result.shape)
    return result, total(result, (elements_dot, initial), (initial_dot, others))


def _prod_tangent(a: Any, a_dot: Any, axis: Axes, where: Any) -> Any:
    if where is not None:
        a, a_dot = jnp.where(where, a, 1), jnp.where(where, a_dot, 0)
    factors, factors_dot = _flattened(a, axis), _flattened(a_dot, axis)
    ones = jnp.ones_like(factors[..., :1])
    before = jnp.cumprod(jnp.concatenate([ones, factors[..., :-1]], -1), -1)
    after = jnp.flip(jnp.cumprod(jnp.concatenate([ones, jnp.flip(factors[..., 1:], -1)], -1), -1), -1)
    return jnp.sum(factors_dot * (before * after)[..., : factors.shape[-1]], -1)


def _flattened(a: Any, axis: Axes) -> Any:
    """The array with the reduced axes flattened into the last one."""
    axes = range(a.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = sorted({one % a.ndim for one in axes}) if a.ndim else []
    kept = [one for one in range(a.ndim) if one not in axes]
    return a.transpose((*kept, *axes)).reshape((*(a.shape[one] for one in kept), _size(a, axes)))


def _size(a: Any, axes: Any) -> int:
    size = 1
    for axis in axes:
        size *= a.shape[axis]
    return size


# --- Spread -----------------------------------------------------------------------------------------------------------


def var_jvp(
    a: Any,
    a_dot: Any,
    axis: Axes = None,
    dtype: Any = None,
    out: None = None,
    ddof: int = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    mean_dot: Any = None,
    correction: Any = None,
) -> tuple[Any, Any]:
    """`jnp.var`: 2 Σ re(conj(a - m) · (a_dot - m_dot)) / (n - ddof), m being the mean of a unless it is given."""
    options = _given(where=where, mean=mean, correction=correction)
    result = jnp.var(a, axis, dtype, out, ddof, keepdims, **options)
    if is_zero(a_dot) and is_zero(mean_dot):
        return result, zero(result)
    wide = jnp.promote_types(result.dtype, jnp.float32)  # as JAX, which computes halves in single precision
    a = a.astype(jnp.promote_types(a.dtype, wide))
    if mean is None:
        mean = jnp.mean(a, axis, keepdims=True, where=where)
        mean_dot = jnp.mean(a_dot, axis, dtype=a.dtype, keepdims=True, where=where)
    moved = -mean_dot if is_zero(a_dot) else a_dot if is_zero(mean_dot) else a_dot - mean_dot
    squares_dot = 2 * jnp.real(jnp.conj(a - mean) * moved)
    count = (
        a.size // max(result.size, 1)
        if where is None
        else jnp.sum(jnp.broadcast_to(where, a.shape), axis, keepdims=keepdims)
    )
    count = count - (ddof if correction is None else correction)
    tangent = jnp.sum(squares_dot, axis, keepdims=keepdims, where=where) / count
    return result, fitted(jnp.where(count > 0, tangent, 0), result)


def std_jvp(
    a: Any,
    a_dot: Any,
    axis: Axes = None,
    dtype: Any = None,
    out: None = None,
    ddof: int = 0,
    keepdims: bool = False,
    *,
    where: Any = None,
    mean: Any = None,
    mean_dot: Any = None,
    correction: Any = None,
) -> tuple[Any, Any]:
    """`jnp.std`, the root of the variance v: v_dot / (2 · out)."""
    options = _given(where=where, mean=mean, correction=correction)
    result = jnp.std(a, axis, dtype, out, ddof, keepdims, **options)
    _, variance_dot = var_jvp(a, a_dot, axis, dtype, out, ddof, keepdims, mean_dot=mean_dot, **options)
    return result, zero(result) if is_zero(variance_dot) else 0.5 * variance_dot / result


def _given(**options: Any) -> dict[str, Any]:
    """The options that are not None: earlier versions of JAX do not know them all."""
    return {key: value for key, value in options.items() if value is not None}


# --- Logarithms of sums -----------------------------------------------------------------------------------------------


def logsumexp_jvp(
    a: Any,
    a_dot: Any,
    axis: Axes = None,
    b: Any = None,
    b_dot: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
    where: Any = None,
) -> tuple[Any, Any]:
    """`jax.nn.logsumexp`, log |s| with s = Σ b · exp(a): Σ exp(a) · (b · a_dot + b_dot) / s, scaled by exp(-max a)."""
    result = jax.nn.logsumexp(a, axis, b, keepdims, return_sign, where)
    if is_zero(a_dot) and is_zero(b_dot):
        return result, zero(result)
    if b is not None:
        a = jnp.where(b != 0, a, -jnp.inf)
    highest = jnp.max(jnp.real(a), axis, keepdims=True, where=where, initial=-jnp.inf)
    exponentials = jnp.exp(a - lax.stop_gradient(jnp.where(jnp.isfinite(highest), highest, 0)))
    weighted = exponentials if b is None else exponentials * b
    moved = 0 if is_zero(a_dot) else weighted * a_dot
    moved = moved if is_zero(b_dot) else moved + exponentials * b_dot
    sums = jnp.sum(weighted, axis, keepdims=keepdims, where=where)
    tangent = jnp.sum(moved, axis, keepdims=keepdims, where=where) / sums
    if return_sign:
        value, sign = result
        return result, (fitted(jnp.real(tangent), value), zero(sign))
    if b is not None and not jnp.iscomplexobj(tangent):
        tangent = jnp.where(sums < 0, 0, tangent)  # the result is nan there
    return result, fitted(tangent, result)
