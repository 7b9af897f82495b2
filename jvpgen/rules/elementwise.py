"""Elementwise functions. At kinks, ties and the edges of a domain the terms give what JAX's own derivatives give."""

from jvpgen.rules.rule import call, linear, rule, rules

RULES = rules(
    # --- Exponentials and logarithms ----------------------------------------------------------------------------------
    rule("jnp.exp(x)", "lax.exp(x, *, accuracy)", x_dot="x_dot * out"),
    rule("jnp.exp2(x)", "lax.exp2(x, *, accuracy)", x_dot="x_dot * out * 0.6931471805599453"),  # log(2)
    rule("jnp.expm1(x)", "lax.expm1(x, *, accuracy)", x_dot="x_dot * (out + 1)"),
    rule("jnp.log(x)", "lax.log(x, *, accuracy)", x_dot="x_dot / x"),
    rule("jnp.log1p(x)", "lax.log1p(x, *, accuracy)", x_dot="x_dot / (x + 1)"),
    rule("jnp.log2(x)", x_dot="x_dot / x * 1.4426950408889634"),  # 1 / log(2)
    rule("jnp.log10(x)", x_dot="x_dot / x * 0.4342944819032518"),  # 1 / log(10)
    call("jnp.logaddexp(x1, x2)", "logaddexp_jvp", tensors="x1 x2"),
    # --- Trigonometry -------------------------------------------------------------------------------------------------
    rule("jnp.sin(x)", "lax.sin(x, *, accuracy)", x_dot="x_dot * jnp.cos(x)"),
    rule("jnp.cos(x)", "lax.cos(x, *, accuracy)", x_dot="-x_dot * jnp.sin(x)"),
    rule("jnp.tan(x)", "lax.tan(x, *, accuracy)", x_dot="x_dot * (1 + out**2)"),
    rule("jnp.arcsin(x)", "lax.asin(x)", x_dot="x_dot / jnp.sqrt(1 - x**2)"),
    rule("jnp.arccos(x)", "lax.acos(x)", x_dot="-x_dot / jnp.sqrt(1 - x**2)"),
    rule("jnp.arctan(x)", "lax.atan(x)", x_dot="x_dot / (1 + x**2)"),
    rule(
        "jnp.arctan2(x1, x2)",
        x1_dot="x1_dot * x2 / (x1**2 + x2**2)",
        x2_dot="-x2_dot * x1 / (x1**2 + x2**2)",
    ),
    rule("lax.atan2(x, y)", x_dot="x_dot * y / (x**2 + y**2)", y_dot="-y_dot * x / (x**2 + y**2)"),
    rule("jnp.sinh(x)", "lax.sinh(x)", x_dot="x_dot * jnp.cosh(x)"),
    rule("jnp.cosh(x)", "lax.cosh(x)", x_dot="x_dot * jnp.sinh(x)"),
    rule("jnp.tanh(x)", "lax.tanh(x, *, accuracy)", x_dot="x_dot * (1 - out**2)"),
    rule("jnp.arcsinh(x)", "lax.asinh(x)", x_dot="x_dot / jnp.sqrt(x**2 + 1)"),
    rule("jnp.arccosh(x)", "lax.acosh(x)", x_dot="x_dot / jnp.sqrt(x**2 - 1)"),
    rule("jnp.arctanh(x)", "lax.atanh(x)", x_dot="x_dot / ((1 - x) * (1 + x))"),
    linear("jnp.deg2rad(x)", "jnp.rad2deg(x)"),
    rule(
        "jnp.sinc(x)",
        x_dot="jnp.where(x == 0, 0, x_dot * (jnp.cos(jnp.pi * x) - out) / jnp.where(x == 0, 1, x))",
    ),
    # --- Powers and roots ---------------------------------------------------------------------------------------------
    rule("jnp.square(x)", "lax.square(x)", x_dot="2 * x * x_dot"),
    rule("jnp.sqrt(x)", "lax.sqrt(x, *, accuracy)", x_dot="0.5 * x_dot / out"),
    rule("lax.rsqrt(x, *, accuracy)", x_dot="-0.5 * x_dot * out / x"),
    rule("jnp.cbrt(x)", "lax.cbrt(x, *, accuracy)", x_dot="x_dot / (3 * out**2)"),
    rule("jnp.reciprocal(x)", "lax.reciprocal(x)", x_dot="-x_dot * out**2"),
    call("jnp.power(x1, x2)", "power_jvp", tensors="x1 x2"),
    call("lax.pow(x, y)", "lax_pow_jvp", tensors="x y"),
    call("lax.integer_pow(x, y)", "integer_pow_jvp"),
    call("jnp.hypot(x1, x2)", "hypot_jvp", tensors="x1 x2"),
    # --- Arithmetic ---------------------------------------------------------------------------------------------------
    rule("jnp.add(x, y)", "lax.add(x, y)", x_dot="x_dot", y_dot="y_dot", broadcast=True),
    rule("jnp.subtract(x, y)", "lax.sub(x, y)", x_dot="x_dot", y_dot="-y_dot", broadcast=True),
    rule("jnp.multiply(x, y)", "lax.mul(x, y)", x_dot="x_dot * y", y_dot="x * y_dot"),
    rule("jnp.divide(x1, x2)", x1_dot="x1_dot / x2", x2_dot="-out * x2_dot / x2"),
    rule("lax.div(x, y)", x_dot="x_dot / y", y_dot="-out * y_dot / y"),
    rule("jnp.remainder(x1, x2)", x1_dot="x1_dot", x2_dot="-jnp.floor(x1 / x2) * x2_dot", broadcast=True),
    rule("jnp.fmod(x1, x2)", x1_dot="x1_dot", x2_dot="-jnp.trunc(x1 / x2) * x2_dot", broadcast=True),
    rule("lax.rem(x, y)", x_dot="x_dot", y_dot="-jnp.trunc(x / y) * y_dot", broadcast=True),
    rule("jnp.negative(x)", "lax.neg(x)", x_dot="-x_dot"),
    rule("jnp.positive(x)", x_dot="x_dot"),
    # --- Kinks, and choices between values ----------------------------------------------------------------------------
    call("jnp.abs(x)", "abs_jvp"),
    rule("jnp.fabs(x)", x_dot="jnp.where(x >= 0, x_dot, -x_dot)"),
    rule(
        "jnp.maximum(x, y)",
        "lax.max(x, y)",
        x_dot="x_dot * jnp.where(x == y, 0.5, x > y)",
        y_dot="y_dot * jnp.where(x == y, 0.5, y > x)",
    ),
    rule(
        "jnp.minimum(x, y)",
        "lax.min(x, y)",
        x_dot="x_dot * jnp.where(x == y, 0.5, x < y)",
        y_dot="y_dot * jnp.where(x == y, 0.5, y < x)",
    ),
    call("jnp.clip(arr, min, max)", "clip_jvp", tensors="arr min max"),
    call("lax.clamp(min, x, max)", "clamp_jvp", tensors="min x max"),
    rule("jnp.heaviside(x1, x2)", x2_dot="jnp.where(x1 == 0, x2_dot, 0)"),
    rule("jnp.copysign(x1, x2)", x1_dot="jnp.where(jnp.signbit(x2) == (x1 < 0), x1_dot, -x1_dot)"),
    call("jnp.nan_to_num(x, copy, nan=0, posinf=0, neginf=0)", "nan_to_num_jvp"),
    # --- Complex numbers ----------------------------------------------------------------------------------------------
    linear("jnp.real(val)", "jnp.imag(val)", "jnp.conjugate(x)"),
    linear("lax.real(x)", "lax.imag(x)", "lax.conj(x)"),
    linear("lax.complex(x, y)", tensors="x y"),
    rule("jnp.angle(z)", z_dot="jnp.imag(jnp.conj(z) * z_dot) / jnp.abs(z) ** 2"),
    # --- Special functions --------------------------------------------------------------------------------------------
    rule(
        "jax.scipy.special.erf(x)", "lax.erf(x)", x_dot="x_dot * 1.1283791670955126 * jnp.exp(-(x**2))"
    ),  # 2 / sqrt(pi)
    rule("jax.scipy.special.erfc(x)", "lax.erfc(x)", x_dot="-x_dot * 1.1283791670955126 * jnp.exp(-(x**2))"),
    rule("jax.scipy.special.erfinv(x)", "lax.erf_inv(x)", x_dot="x_dot * 0.8862269254527580 * jnp.exp(out**2)"),
    rule("jax.scipy.special.gammaln(x)", "lax.lgamma(x)", x_dot="x_dot * lax.digamma(x)"),
    rule("jax.scipy.special.digamma(x)", "lax.digamma(x)", x_dot="x_dot * jax.scipy.special.polygamma(1, x)"),
    rule("jax.scipy.special.logit(x)", x_dot="x_dot / (x * (1 - x))"),
    rule(
        "jax.scipy.special.xlogy(x, y)",
        x_dot="x_dot * jnp.log(y)",
        y_dot="y_dot * x / y",
    ),
    rule(
        "jax.scipy.special.xlog1py(x, y)",
        x_dot="x_dot * jnp.log1p(y)",
        y_dot="y_dot * x / (1 + y)",
    ),
)
