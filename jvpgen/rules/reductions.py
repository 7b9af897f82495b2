"""Sums, means, extrema and other functions that reduce or accumulate along axes."""

from jvpgen.rules.rule import call, linear, rules

RULES = rules(
    # --- Linear -------------------------------------------------------------------------------------------------------
    linear(
        "jnp.sum(a, axis, dtype, out, keepdims, initial=0, where, promote_integers)",
        "jnp.mean(a, axis, dtype, out, keepdims, *, where)",
        "jnp.trace(a, offset, axis1, axis2, dtype, out)",
        "jnp.cumsum(a, axis, dtype, out)",
        "jnp.cumulative_sum(x, *, axis, dtype, include_initial)",
        "lax.cumsum(operand, axis, reverse)",
        "lax.reduce_sum(operand, axes, *, out_sharding)",
        "builtins.sum(iterable, start=0)",
    ),
    linear("jnp.diff(a, n, axis, prepend, append)", tensors="a prepend append"),
    # --- Products -----------------------------------------------------------------------------------------------------
    call("jnp.prod(a, axis, dtype, out, keepdims, initial, where, promote_integers)", "prod_jvp", tensors="a initial"),
    call("jnp.cumprod(a, axis, dtype, out)", "cumprod_jvp"),
    call("lax.cumprod(operand, axis, reverse)", "lax_cumprod_jvp"),
    # --- Extrema: ties share the derivative evenly --------------------------------------------------------------------
    call("jnp.max(a, axis, out, keepdims, initial, where)", "max_jvp", tensors="a initial"),
    call("jnp.min(a, axis, out, keepdims, initial, where)", "min_jvp", tensors="a initial"),
    call("lax.reduce_max(operand, axes)", "reduce_max_jvp"),
    call("lax.reduce_min(operand, axes)", "reduce_min_jvp"),
    call("lax.cummax(operand, axis, reverse)", "cummax_jvp"),
    call("lax.cummin(operand, axis, reverse)", "cummin_jvp"),
    # --- Spread -------------------------------------------------------------------------------------------------------
    call("jnp.var(a, axis, dtype, out, ddof=0, keepdims, *, where, mean, correction=0)", "var_jvp", tensors="a mean"),
    call("jnp.std(a, axis, dtype, out, ddof=0, keepdims, *, where, mean, correction=0)", "std_jvp", tensors="a mean"),
    # --- Logarithms of sums -------------------------------------------------------------------------------------------
    call("jax.nn.logsumexp(a, axis, b, keepdims, return_sign, where)", "logsumexp_jvp", tensors="a b"),
    call("lax.cumlogsumexp(operand, axis, reverse)", "cumlogsumexp_jvp"),
    # --- By any function ----------------------------------------------------------------------------------------------
    call("lax.reduce(operands, init_values=0, computation, dimensions, out_sharding)", "lax_reduce_jvp"),
    # --- Windows ------------------------------------------------------------------------------------------------------
    call(
        "lax.reduce_window(operand, init_value=0, computation, window_dimensions, window_strides, padding, "
        "base_dilation, window_dilation)",
        "reduce_window_jvp",
    ),
)
