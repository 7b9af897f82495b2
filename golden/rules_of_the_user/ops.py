"""Functions with rules in `jvp_rules`: that some are written as they are makes no difference for their derivative."""

import jax
import jax.numpy as jnp
import jvpgen


def swish(x, beta=1.0):
    return x * jax.nn.sigmoid(beta * x)


def shifted(x, by):
    return x + by


def straight_through(x, levels=4):
    return x + jax.lax.stop_gradient(jnp.round(x * levels) / levels - x)


def moving_average(x, width):
    kernel = jnp.ones(width) / width
    return jax.vmap(lambda row: jnp.convolve(row, kernel, mode="same"))(x)


def gate(a, b):
    return a[..., None] * b[..., None, :]


def noise_floor(x):
    return jax.lax.stop_gradient(jnp.std(x))


@jvpgen.no_tangent
def largest(x):
    return jnp.max(jnp.abs(x)), {"mean": jnp.mean(x)}
