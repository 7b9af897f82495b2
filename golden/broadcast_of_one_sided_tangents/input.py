"""Sums and products of which one side has no tangent, or is smaller than the result."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Shifted(nn.Module):
    @nn.compact
    def __call__(self, x, offsets):
        bias = self.param("bias", nn.initializers.zeros, (4,))
        y = bias + jnp.ones((3, 4))
        z = bias - jnp.arange(3)[:, None]
        w = jnp.zeros((2, 1, 1)) - z
        row = x + offsets
        count = 2 + bias.sum()
        return y, z, w, row, count


def example():
    x, offsets = jax.random.normal(jax.random.key(1), (4,)), jnp.arange(3)[:, None]
    return {"module": Shifted(), "args": (x, offsets)}
