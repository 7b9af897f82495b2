"""Activations, softmax, pooling, and the functions of flax.linen and jax.image that have a derivative of their own."""

from jvpgen.rules.rule import call, constant, rule, rules

RULES = rules(
    # --- Activations --------------------------------------------------------------------------------------------------
    rule("jax.nn.relu(x)", x_dot="jnp.where(x > 0, x_dot, 0)"),
    rule("jax.nn.relu6(x)", x_dot="jnp.where((x > 0) & (x < 6), x_dot, 0)"),
    rule(
        "jax.nn.leaky_relu(x, negative_slope=0.01)",
        x_dot="jnp.where(x >= 0, x_dot, negative_slope * x_dot)",
        negative_slope_dot="jnp.where(x >= 0, 0, x * negative_slope_dot)",
    ),
    rule(
        "jax.nn.elu(x, alpha=1.0)",
        x_dot="jnp.where(x > 0, x_dot, x_dot * (out + alpha))",
        alpha_dot="alpha_dot * jnp.expm1(jnp.minimum(x, 0))",
    ),
    rule("jax.nn.selu(x)", x_dot="x_dot * jnp.where(x > 0, 1.0507009873554805, out + 1.7580993408473766)"),
    rule(
        "jax.nn.celu(x, alpha=1.0)",
        x_dot="x_dot * jnp.exp(jnp.minimum(x, 0) / alpha)",
        alpha_dot="alpha_dot * (jnp.expm1(jnp.minimum(x, 0) / alpha) "
        "- jnp.minimum(x, 0) / alpha * jnp.exp(jnp.minimum(x, 0) / alpha))",
    ),
    call("jax.nn.gelu(x, approximate)", "gelu_jvp"),
    rule("jax.nn.sigmoid(x)", "lax.logistic(x, *, accuracy)", x_dot="x_dot * out * (1 - out)"),
    rule("jax.nn.log_sigmoid(x)", x_dot="x_dot * jax.nn.sigmoid(-x)"),
    rule("jax.nn.silu(x)", x_dot="x_dot * jax.nn.sigmoid(x) * (1 + x * jax.nn.sigmoid(-x))"),
    call("jax.nn.mish(x)", "mish_jvp"),
    rule("jax.nn.softplus(x)", x_dot="x_dot * jax.nn.sigmoid(x)"),
    rule("jax.nn.soft_sign(x)", x_dot="x_dot / (jnp.abs(x) + 1) ** 2"),
    rule(
        "jax.nn.squareplus(x, b=4)",
        x_dot="0.5 * x_dot * (1 + x / jnp.sqrt(x**2 + b))",
        b_dot="0.25 * b_dot / jnp.sqrt(x**2 + b)",
    ),
    rule("jax.nn.sparse_plus(x)", x_dot="x_dot * jax.nn.sparse_sigmoid(x)"),
    rule("jax.nn.sparse_sigmoid(x)", x_dot="x_dot * jnp.where(jnp.abs(x) == 1, 0.25, 0.5 * (jnp.abs(x) < 1))"),
    rule("jax.nn.hard_tanh(x)", x_dot="jnp.where((x < -1) | (x > 1), 0, x_dot)"),
    rule("jax.nn.hard_sigmoid(x)", x_dot="jnp.where((x > -3) & (x < 3), x_dot / 6, 0)"),
    rule("jax.nn.hard_silu(x)", x_dot="jnp.where((x > -3) & (x < 3), x_dot * (2 * x + 3) / 6, x_dot * (x >= 3))"),
    rule("jax.nn.log1mexp(x)", x_dot="x_dot / jnp.expm1(x)"),
    call("jax.nn.glu(x, axis)", "glu_jvp"),
    # --- Along an axis ------------------------------------------------------------------------------------------------
    call("jax.nn.softmax(x, axis, where)", "softmax_jvp"),
    call("jax.nn.log_softmax(x, axis)", "log_softmax_jvp"),
    call(
        "jax.nn.standardize(x, axis, mean, variance, epsilon=0, where, *, algorithm)",
        "standardize_jvp",
        tensors="x mean variance",
    ),
    constant("jax.nn.one_hot(x, num_classes, *, dtype, axis)"),
    # --- flax.linen ---------------------------------------------------------------------------------------------------
    call("nn.max_pool(inputs, window_shape, strides, padding)", "max_pool_jvp"),
    call("nn.avg_pool(inputs, window_shape, strides, padding, count_include_pad)", "avg_pool_jvp"),
    call("nn.pooling.min_pool(inputs, window_shape, strides, padding)", "min_pool_jvp"),
    call("nn.pool(inputs, init, reduce_fn, window_shape, strides, padding)", "pool_jvp"),
    constant(
        "nn.make_causal_mask(x, extra_batch_dims, dtype)",
        "nn.combine_masks(*masks, dtype)",
    ),
    call(
        "nn.make_attention_mask(query_input, key_input, pairwise_fn, extra_batch_dims, dtype)",
        "make_attention_mask_jvp",
        tensors="query_input key_input",
    ),
    call("nn.dtypes.promote_dtype(*args, dtype, inexact)", "promote_dtype_jvp", tensors="args"),
    # --- Images -------------------------------------------------------------------------------------------------------
    call("jax.image.resize(image, shape, method, antialias, precision)", "resize_jvp"),
    # --- Random reorderings -------------------------------------------------------------------------------------------
    call("jax.random.permutation(key, x, axis, independent, *, out_sharding)", "permutation_jvp", tensors="x"),
    call("jax.random.choice(key, a, shape, replace, p, axis, mode)", "choice_jvp", tensors="a"),
)
