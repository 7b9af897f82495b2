"""Products of several factors behind one argument, einsum with lists of axes, and a cast."""
# size: 3

import math
from typing import cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@jvpgen.derive
class Products(nn.Module):
    spec: str = "ij,jk,kj->ik"

    @nn.compact
    def __call__(self, x, y):
        factors = (x, y.T, y)
        starred = jnp.einsum(self.spec, *factors)
        mixed = jnp.einsum("ij,ij,ij->j", x, *[x, y])
        chained = jnp.linalg.multi_dot([x, y.T, y])
        by_axes = jnp.einsum(x, [0, 1], y, [0, 2], [1, 2])  # W: JVP401
        of_a_constant = jnp.einsum(jnp.ones(3), [1], y, [0, 1])
        scale = self.param("scale", nn.initializers.ones, (3,))
        multiplied = math.prod([x, y, scale])  # W: JVP401
        padded = lax.pad(cast(jax.Array, x * y), 1.5, ((1, 0, 0), (0, 0, 0)))
        count = math.prod(x.shape) / math.sqrt(2)
        weighted = multiplied / count + mixed
        moved = padded + by_axes * of_a_constant[0]
        return starred @ chained, weighted, moved


def example():
    x, y = (jax.random.normal(jax.random.key(seed), (2, 3)) for seed in (1, 2))
    return {"module": Products(), "args": (x, y), "opaque": True}
