"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jvpgen.runtime.formulas.elementwise import abs_jvp, power_jvp
from jvpgen.runtime.formulas.reductions import max_jvp, min_jvp
from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero

Axes = int | tuple[int, ...] | None


def norm_jvp(
    x: Any, x_dot: Any, ord: int | float | str | None = None, axis: Axes = None, keepdims: bool = False
) -> tuple[Any, Any]:
    """`jnp.linalg.norm`. Euclidean and Frobenius: Σ re(conj(x) · x_dot) / out, which is nan where the norm is 0.

    Other orders: sums and extrema of |x|, or of the singular values diag(Uᴴ x V), whose tangent is re diag(Uᴴ x_dot V).
    """
    out = jnp.linalg.norm(x, ord, axis, keepdims)
    if is_zero(x_dot):
        return out, zero(out)
    if axis is None and ord is None:
        axis = tuple(range(x.ndim))
        return out, _euclidean(x, x_dot, axis, out, keepdims)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    axes = tuple(one % x.ndim for one in axes)
    tangent = _vector(x, x_dot, ord, axes, out) if len(axes) == 1 else _matrix(x, x_dot, ord, axes, out)
    return out, fitted(tangent.reshape(out.shape), out)


def _euclidean(x: Any, x_dot: Any, axes: tuple[int, ...], out: Any, keepdims: bool) -> Any:
    return jnp.sum(jnp.real(jnp.conj(x) * x_dot), axes, keepdims=keepdims) / out


def _vector(x: Any, x_dot: Any, ord: Any, axes: tuple[int, ...], out: Any) -> Any:
    if ord is None or ord == 2:
        return _euclidean(x, x_dot, axes, out.reshape([1 if i in axes else n for i, n in enumerate(x.shape)]), True)
    if ord == 0:
        return jnp.zeros_like(out)
    size, size_dot = abs_jvp(x, x_dot)
    if ord == jnp.inf:
        return max_jvp(size, size_dot, axes, initial=0)[1]
    if ord == -jnp.inf:
        return min_jvp(size, size_dot, axes)[1]
    if ord == 1:
        return jnp.sum(size_dot, axes)
    powers, powers_dot = power_jvp(size, size_dot, jnp.asarray(ord, size.dtype))
    return power_jvp(jnp.sum(powers, axes), jnp.sum(powers_dot, axes), jnp.asarray(1 / ord, size.dtype))[1]


def _matrix(x: Any, x_dot: Any, ord: Any, axes: tuple[int, ...], out: Any) -> Any:
    if ord is None or ord in ("f", "fro"):
        return _euclidean(x, x_dot, axes, out.reshape([1 if i in axes else n for i, n in enumerate(x.shape)]), True)
    x, x_dot = jnp.moveaxis(x, axes, (-2, -1)), jnp.moveaxis(x_dot, axes, (-2, -1))
    if ord in ("nuc", 2, -2):
        left, values, right = jnp.linalg.svd(x, full_matrices=False)
        values_dot = jnp.real(jnp.einsum("...ji,...jk,...ik->...i", jnp.conj(left), x_dot, jnp.conj(right)))
        if ord == "nuc":
            return jnp.sum(values_dot, -1)
    else:
        size, size_dot = abs_jvp(x, x_dot)
        summed = -2 if abs(ord) == 1 else -1
        values, values_dot = jnp.sum(size, summed), jnp.sum(size_dot, summed)
    return max_jvp(values, values_dot, -1, initial=0)[1] if ord > 0 else min_jvp(values, values_dot, -1)[1]
