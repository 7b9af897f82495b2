"""Elementwise functions whose rule takes more than a line."""

from __future__ import annotations

import operator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jvpgen.runtime.formulas.sums import total
from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero


def abs_jvp(x: Any, x_dot: Any) -> tuple[Any, Any]:
    """`jnp.abs`: x_dot where x >= 0, else -x_dot, so that the slope at 0 is +1. Complex: re(x_dot · conj(x)) / |x|."""
    out = jnp.abs(x)
    if is_zero(x_dot):
        return out, zero(out)
    if jnp.iscomplexobj(x):
        return out, jnp.real(x_dot * jnp.conj(x)) / jnp.where(out == 0, 1, out)
    return out, jnp.where(x >= 0, x_dot, -x_dot)


def logaddexp_jvp(x1: Any, x1_dot: Any, x2: Any, x2_dot: Any = None) -> tuple[Any, Any]:
    """`jnp.logaddexp`: Σ xᵢ_dot · exp(xᵢ - out); an xᵢ of +inf, which makes out the same, has the weight 1."""
    out = jnp.logaddexp(x1, x2)
    finite_out = jnp.where(out == jnp.inf, 0, out)

    def weight(x: Any) -> Any:
        return jnp.exp(jnp.where(x == jnp.inf, 0, x) - finite_out)

    return out, total(out, (x1_dot, weight(x1)), (x2_dot, weight(x2)))


# --- Powers -----------------------------------------------------------------------------------------------------------


def pow_jvp(a: Any, a_dot: Any, b: Any, b_dot: Any = None) -> tuple[Any, Any]:
    """`a ** b`: b · a**(b - 1) · a_dot + log(a) · out · b_dot; with an integer b of 0 the slope is 0 everywhere."""
    out = a**b
    return out, _power_tangent(a, a_dot, b, b_dot, out)


def power_jvp(x1: Any, x1_dot: Any, x2: Any, x2_dot: Any = None) -> tuple[Any, Any]:
    """`jnp.power`: as `a ** b`."""
    out = jnp.power(x1, x2)
    return out, _power_tangent(x1, x1_dot, x2, x2_dot, out)


def lax_pow_jvp(x: Any, x_dot: Any, y: Any, y_dot: Any = None) -> tuple[Any, Any]:
    """`lax.pow`: as `a ** b`."""
    out = lax.pow(x, y)
    return out, _power_tangent(x, x_dot, y, y_dot, out)


def integer_pow_jvp(x: Any, x_dot: Any, y: int) -> tuple[Any, Any]:
    """`lax.integer_pow`: y · x**(y - 1) · x_dot, and 0 for y = 0."""
    out = lax.integer_pow(x, y)
    return out, _power_tangent(x, x_dot, y, None, out)


def _power_tangent(x: Any, x_dot: Any, y: Any, y_dot: Any, out: Any) -> Any:
    base = jnp.asarray(x, jnp.result_type(out)) if not jnp.issubdtype(jnp.result_type(x), jnp.inexact) else x
    slope = _slope_in_base(base, y) if not is_zero(x_dot) else None
    log_slope = jnp.log(jnp.where(base == 0, 1, base)) * out if not is_zero(y_dot) else None
    return total(out, (x_dot, slope), (y_dot, log_slope))


def _slope_in_base(x: Any, y: Any) -> Any:
    exponent = _known_integer(y)
    if exponent is not None:
        return jnp.zeros_like(x) if exponent == 0 else exponent * lax.integer_pow(x, exponent - 1)
    if jnp.issubdtype(jnp.result_type(y), jnp.integer):
        return jnp.where(y == 0, 0, y * jnp.power(x, jnp.where(y == 0, 1, y) - 1))
    return y * jnp.power(x, y - 1)


def _known_integer(y: Any) -> int | None:
    """The exponent, if it is an integer known now: JAX then multiplies instead of taking logarithms."""
    if isinstance(y, jax.core.Tracer):
        return None
    try:
        return operator.index(y)
    except TypeError:
        return None


def hypot_jvp(x1: Any, x1_dot: Any, x2: Any, x2_dot: Any = None) -> tuple[Any, Any]:
    """`jnp.hypot`: (x1 · x1_dot + x2 · x2_dot) / out; (x1_dot + x2_dot) / 2 at the origin, as of max(|x1|, |x2|)."""
    out = jnp.hypot(x1, x2)
    at_zero, infinite = out == 0, jnp.isinf(out)
    safe = jnp.where(at_zero, 1, out)

    def weight(x: Any) -> Any:
        return jnp.where(infinite, 0, jnp.where(at_zero, 0.5, x / safe))

    return out, total(out, (x1_dot, weight(x1)), (x2_dot, weight(x2)))


# --- Between bounds ---------------------------------------------------------------------------------------------------


def clip_jvp(
    arr: Any, arr_dot: Any = None, min: Any = None, min_dot: Any = None, max: Any = None, max_dot: Any = None
) -> tuple[Any, Any]:
    """`jnp.clip`: minimum(max, maximum(min, arr)); where two are equal, each gets half."""
    out = jnp.clip(arr, min, max)
    value, value_dot = arr, arr_dot
    if min is not None:
        raised = jnp.maximum(min, value)
        value_dot = total(
            raised, (min_dot, _share(min > value, min == value)), (value_dot, _share(value > min, min == value))
        )
        value = raised
    if max is not None:
        lowered = jnp.minimum(max, value)
        value_dot = total(
            lowered, (max_dot, _share(max < value, max == value)), (value_dot, _share(value < max, max == value))
        )
    return out, zero(out) if is_zero(value_dot) else fitted(value_dot, out)


def _share(wins: Any, ties: Any) -> Any:
    return jnp.where(ties, 0.5, wins)


def clamp_jvp(
    min: Any, min_dot: Any = None, x: Any = None, x_dot: Any = None, max: Any = None, max_dot: Any = None
) -> tuple[Any, Any]:
    """`lax.clamp`: the tangent of whichever of the three is taken; none at the bounds themselves (`lax.clamp_p`)."""
    out = lax.clamp(min, x, max)
    return out, total(
        out,
        (min_dot, (min > x) & (min < max)),
        (x_dot, (x > min) & (x < max)),
        (max_dot, x > max),
    )


def nan_to_num_jvp(
    x: Any, x_dot: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> tuple[Any, Any]:
    """`jnp.nan_to_num`: x_dot where x is finite, else 0; real and imaginary parts each on their own."""
    out = jnp.nan_to_num(x, copy, nan, posinf, neginf)
    if is_zero(x_dot):
        return out, zero(out)
    if jnp.iscomplexobj(x):
        real = jnp.where(jnp.isfinite(jnp.real(x)), jnp.real(x_dot), 0)
        return out, lax.complex(real, jnp.where(jnp.isfinite(jnp.imag(x)), jnp.imag(x_dot), 0))
    return out, jnp.where(jnp.isfinite(x), x_dot, 0)
