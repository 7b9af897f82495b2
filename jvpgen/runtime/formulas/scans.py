"""Running products, extrema and logarithms of sums: pairs of value and tangent, combined as JAX combines values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from jvpgen.runtime.formulas.elementwise import logaddexp_jvp
from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero

_Pair = tuple[Any, Any]


def cumprod_jvp(a: Any, a_dot: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> _Pair:
    """`jnp.cumprod`: the running combination of (p, p_dot) and (q, q_dot) to (p q, p_dot q + p q_dot)."""
    result = jnp.cumprod(a, axis, dtype, out)
    if is_zero(a_dot):
        return result, zero(result)
    if axis is None or a.ndim == 0:
        a, a_dot, axis = a.reshape(-1), a_dot.reshape(-1), 0
    tangent = _running(_product, a.astype(result.dtype), a_dot.astype(result.dtype), axis, False)
    return result, fitted(tangent, result)


def lax_cumprod_jvp(operand: Any, operand_dot: Any, axis: int = 0, reverse: bool = False) -> _Pair:
    """`lax.cumprod`: as `jnp.cumprod`."""
    return _scanned(lax.cumprod, _product, operand, operand_dot, axis, reverse)


def cummax_jvp(operand: Any, operand_dot: Any, axis: int = 0, reverse: bool = False) -> _Pair:
    """`lax.cummax`: the tangent of the greater of two values, their mean where they are equal."""
    return _scanned(lax.cummax, _maximum, operand, operand_dot, axis, reverse)


def cummin_jvp(operand: Any, operand_dot: Any, axis: int = 0, reverse: bool = False) -> _Pair:
    """`lax.cummin`: the tangent of the lesser of two values, their mean where they are equal."""
    return _scanned(lax.cummin, _minimum, operand, operand_dot, axis, reverse)


def cumlogsumexp_jvp(operand: Any, operand_dot: Any, axis: int = 0, reverse: bool = False) -> _Pair:
    """`lax.cumlogsumexp`: the running combination by `logaddexp`."""
    return _scanned(lax.cumlogsumexp, _logaddexp, operand, operand_dot, axis, reverse)


def _scanned(
    original: Callable[..., Any],
    combine: Callable[[_Pair, _Pair], _Pair],
    operand: Any,
    operand_dot: Any,
    axis: int,
    reverse: bool,
) -> _Pair:
    result = original(operand, axis, reverse)
    if is_zero(operand_dot):
        return result, zero(result)
    return result, _running(combine, operand, operand_dot, axis, reverse)


def _running(combine: Callable[[_Pair, _Pair], _Pair], a: Any, a_dot: Any, axis: int, reverse: bool) -> Any:
    return lax.associative_scan(combine, (a, a_dot), reverse, axis)[1]


def _product(left: _Pair, right: _Pair) -> _Pair:
    (p, p_dot), (q, q_dot) = left, right
    return p * q, p_dot * q + p * q_dot


def _maximum(left: _Pair, right: _Pair) -> _Pair:
    return _chosen(left, right, left[0] > right[0])


def _minimum(left: _Pair, right: _Pair) -> _Pair:
    return _chosen(left, right, left[0] < right[0])


def _chosen(left: _Pair, right: _Pair, first: Any) -> _Pair:
    (p, p_dot), (q, q_dot) = left, right
    return jnp.where(first, p, q), jnp.where(p == q, 0.5 * (p_dot + q_dot), jnp.where(first, p_dot, q_dot))


def _logaddexp(left: _Pair, right: _Pair) -> _Pair:
    return logaddexp_jvp(*left, *right)
