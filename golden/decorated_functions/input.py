"""Functions and methods under decorators of JAX and Flax: the same wrapper is put around the derivative."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jax.jit
def squashed(x, scale):
    return jnp.tanh(x * scale)


@partial(jax.jit, static_argnames="power")
def powered(x, power):
    return x**power


@partial(jax.vmap, in_axes=(0, None))
def row_energy(row, w):
    return jnp.sum(jnp.sin(row @ w))


@jax.checkpoint
def remembered(x):
    return jnp.exp(-(x**2))


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def clipped(x, limit):
    return jnp.clip(x, -limit, limit)


@clipped.defjvp
def _(limit, primals, tangents):
    return clipped(primals[0], limit), tangents[0]


@jvpgen.derive
class Decorated(nn.Module):
    """A learned scale goes through all of them."""

    def setup(self):
        self.dense = nn.Dense(3)
        self.scale = self.param("scale", nn.initializers.ones, (3,))

    @nn.remat
    def hidden(self, x):
        return jnp.tanh(self.dense(x))

    @nn.jit
    def twice(self, x):
        return self.hidden(self.hidden(x))

    @partial(nn.scan, variable_broadcast="params", split_rngs={"params": False})
    def steps(self, carry, x):
        carry = self.hidden(carry + x) * self.scale
        return carry, carry.sum()

    def __call__(self, x, xs):
        scale = self.scale

        @jax.jit
        def inner(a):
            return a * scale

        @partial(jax.vmap, in_axes=(0, None))
        def row(a, b):
            return a * b + scale

        if self.is_initializing():
            return self.hidden(x)
        x = squashed(x, scale) + powered(x, power=3) + remembered(x) + clipped(x, 0.5)
        x = self.twice(inner(x)) + row(x, scale)
        last, sums = self.steps(x, xs)
        return last, sums, row_energy(x, scale)


def example():
    x, xs = jax.random.normal(jax.random.key(1), (2, 3)), jax.random.normal(jax.random.key(2), (4, 2, 3))
    return {"module": Decorated(), "args": (x, xs), "compiled": True}
