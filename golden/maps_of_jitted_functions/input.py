# size: 4
"""`jax.vmap` and `jax.checkpoint` around functions that are jitted already, as those of JAX are."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jax.jit
def bent(x):
    return jnp.sin(x) * x.sum()


@jvpgen.derive
class Program(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.vmap(nn.relu)(x), jax.vmap(jnp.tanh)(x), jax.vmap(bent)(x), jax.checkpoint(jnp.tanh)(x)


def example():
    return {"module": Program(), "args": (jax.random.normal(jax.random.key(0), (2, 3)),)}
