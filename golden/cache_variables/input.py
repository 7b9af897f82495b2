"""A key-value cache: variables that are made, read and written."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@jvpgen.derive
class CachedAttention(nn.Module):
    length: int = 4

    @nn.compact
    def __call__(self, x):
        width = x.shape[-1]
        query, key = nn.Dense(width)(x), nn.Dense(width)(x)
        filled = self.has_variable("cache", "keys")
        keys = self.variable("cache", "keys", jnp.zeros, (self.length, width))
        index = self.variable("cache", "index", lambda: jnp.array(0, jnp.int32))
        if filled:
            keys.value = lax.dynamic_update_slice(keys.value, key[None], (index.value, 0))
            index.value = index.value + 1
        scores = keys.value @ query / jnp.sqrt(width)
        scores = jnp.where(jnp.arange(self.length) < index.value, scores, -1e9)
        return nn.softmax(scores) @ keys.value


def example():
    return {"module": CachedAttention(), "args": (jax.random.normal(jax.random.key(1), (3,)),), "mutable": ["cache"], "heavy": True}
