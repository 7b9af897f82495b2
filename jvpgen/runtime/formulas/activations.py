"""Activations and normalisation."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jvpgen.runtime.formulas.reductions import Axes, mean_dot_product
from jvpgen.runtime.formulas.sums import total
from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero

_SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
_SQRT_HALF = math.sqrt(0.5)
_SQRT_2_PI = math.sqrt(2 * math.pi)


def gelu_jvp(x: Any, x_dot: Any, approximate: bool = True) -> tuple[Any, Any]:
    """`jax.nn.gelu`: (Φ(x) + x · φ(x)) · x_dot, φ being the derivative of Φ.

    Exact: Φ(x) = erfc(-x/√2) / 2 and φ(x) = exp(-x²/2) / √(2π).
    Approximate: Φ(x) = (1 + tanh u) / 2 with u = √(2/π) (x + 0.044715 x³).
    """
    out = jax.nn.gelu(x, approximate)
    if is_zero(x_dot):
        return out, zero(out)
    if approximate:
        tanh = jnp.tanh(_SQRT_2_OVER_PI * (x + 0.044715 * x**3))
        cdf = 0.5 * (1 + tanh)
        density = 0.5 * (1 - tanh**2) * _SQRT_2_OVER_PI * (1 + 3 * 0.044715 * x**2)
    else:
        cdf = 0.5 * lax.erfc(-x * _SQRT_HALF)
        density = jnp.exp(-0.5 * x**2) / _SQRT_2_PI
    return out, fitted(x_dot * (cdf + x * density), out)


def mish_jvp(x: Any, x_dot: Any) -> tuple[Any, Any]:
    """`jax.nn.mish`, x · tanh(s) with s = softplus(x): (tanh s + x · (1 - tanh² s) · sigmoid x) · x_dot."""
    out = jax.nn.mish(x)
    if is_zero(x_dot):
        return out, zero(out)
    tanh = jnp.tanh(jax.nn.softplus(x))
    return out, x_dot * (tanh + x * (1 - tanh**2) * jax.nn.sigmoid(x))


def glu_jvp(x: Any, x_dot: Any, axis: int = -1) -> tuple[Any, Any]:
    """`jax.nn.glu`, a · s(b) with x = [a, b] and s the sigmoid: a_dot · s + a · s · (1 - s) · b_dot."""
    out = jax.nn.glu(x, axis)
    if is_zero(x_dot):
        return out, zero(out)
    a_dot, b_dot = jnp.split(x_dot, 2, axis)
    a, b = jnp.split(x, 2, axis)
    gate = jax.nn.sigmoid(b)
    return out, a_dot * gate + a * gate * (1 - gate) * b_dot


def softmax_jvp(x: Any, x_dot: Any, axis: Axes = -1, where: Any = None) -> tuple[Any, Any]:
    """`jax.nn.softmax`, whose weights sum to one: out · (x_dot - Σ out · x_dot)."""
    out = jax.nn.softmax(x, axis, where)
    if is_zero(x_dot):
        return out, zero(out)
    return out, out * (x_dot - jnp.sum(out * x_dot, axis, keepdims=True))


def log_softmax_jvp(x: Any, x_dot: Any, axis: Axes = -1) -> tuple[Any, Any]:
    """`jax.nn.log_softmax`: x_dot - Σ exp(out) · x_dot."""
    out = jax.nn.log_softmax(x, axis)
    if is_zero(x_dot):
        return out, zero(out)
    return out, x_dot - jnp.sum(jnp.exp(out) * x_dot, axis, keepdims=True)


def standardize_jvp(
    x: Any,
    x_dot: Any,
    axis: Any = -1,
    mean: Any = None,
    mean_dot: Any = None,
    variance: Any = None,
    variance_dot: Any = None,
    epsilon: Any = 1e-5,
    where: Any = None,
    *,
    algorithm: str = "fast",
) -> tuple[Any, Any]:
    """`jax.nn.standardize`, (x - m) · r with r = 1 / √(v + ε): (x_dot - m_dot) · r - (x - m) · r³ · v_dot / 2.

    m and v are the mean and the variance of x where they are not given. Where rounding makes the fast variance
    negative it is clipped to 0, and its tangent with it.
    """
    options: dict[str, Any] = {} if algorithm == "fast" else {"algorithm": algorithm}
    out = jax.nn.standardize(x, axis, mean, variance, epsilon, where, **options)
    if mean is None:
        mean = jnp.mean(x, axis, keepdims=True, where=where)
        mean_dot = None if is_zero(x_dot) else jnp.mean(x_dot, axis, keepdims=True, where=where)
    if variance is None and algorithm == "stable":
        centered = x - mean
        centered_dot = total(centered, (x_dot, None), (mean_dot, -1))
        variance = jnp.mean(jnp.square(centered), axis, keepdims=True, where=where)
        variance_dot = 2 * mean_dot_product(centered, centered_dot, axis, where)
    elif variance is None:
        spread = jnp.mean(jnp.square(x), axis, keepdims=True, where=where) - jnp.square(mean)
        variance = jnp.clip(spread, 0)
        spread_dot = total(spread, (2 * mean_dot_product(x, x_dot, axis, where), None), (mean_dot, -2 * mean))
        variance_dot = spread_dot * jnp.where(spread == 0, 0.5, spread > 0)
    scale = lax.rsqrt(variance + epsilon)
    return out, total(
        out,
        (x_dot, scale),
        (mean_dot, -scale),
        (variance_dot, -0.5 * jnp.subtract(x, mean) * scale / (variance + epsilon)),
    )
