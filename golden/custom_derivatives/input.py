"""A function under a decorator that nobody knows, `jax.custom_jvp` say, is never judged by its body."""
# size: 4.5

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jax.custom_jvp
def straight_through(x):
    return jnp.round(x)


straight_through.defjvps(lambda x_dot, out, x: x_dot)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def spike(x, threshold):
    return (x > threshold).astype(x.dtype)


@spike.defjvp
def _(threshold, primals, tangents):
    return spike(primals[0], threshold), tangents[0] * jnp.exp(-(primals[0] ** 2))


def sign_of(x):
    return jnp.sign(x)


sign = jax.custom_jvp(sign_of)
sign.defjvps(lambda x_dot, out, x: x_dot)


def leaky(function):
    return lambda x: function(x) + 0.1 * x


@leaky
def gate(x):  # W: JVP403
    return (x > 0).astype(jnp.float32)


@partial(jax.jit, static_argnames="levels")
def level(x, levels):
    return jnp.floor(x * levels)


@jvpgen.derive
class Quantizer(nn.Module):
    @staticmethod
    @jax.custom_jvp
    def clipped(x):
        return jnp.ceil(x)

    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x)
        y = straight_through(x * 3) + spike(x, 0.1) + sign(x)
        return y * gate(x) + level(x, levels=4) + self.clipped(x)


Quantizer.clipped.defjvps(lambda x_dot, out, x: x_dot)


def example():
    return {"module": Quantizer(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),), "opaque": True}
