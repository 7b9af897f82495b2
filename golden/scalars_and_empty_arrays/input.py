"""0-d and empty arrays."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Edges(nn.Module):
    @nn.compact
    def __call__(self, x, nothing):
        total = x.sum()
        shifted = total * 2 + nothing.sum() - 1
        joined = jnp.concatenate([nothing, x])
        product = nothing.reshape(0, 1) @ x[None, :]
        return total, shifted, nothing * total, joined, product, x[:0], -total


def example():
    return {"module": Edges(), "args": (jax.random.normal(jax.random.key(1), (2,)), jnp.zeros((0,)))}
