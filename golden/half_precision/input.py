"""Layers that compute in bfloat16, whose results meet float32."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Mixed(nn.Module):
    dtype: jnp.dtype = jnp.bfloat16

    @nn.compact
    def __call__(self, x):
        y = nn.Dense(3, dtype=self.dtype)(x.astype(self.dtype))
        z = 2 * y + 1.5
        scale = self.param("scale", nn.initializers.ones, (3,))
        return z * scale, z.astype(jnp.float32) + x, z.sum() / 3, jnp.ones(3) - y


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Mixed(), "args": (x,), "heavy": True, "tolerance": 3e-2}
