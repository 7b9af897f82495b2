"""A function without a rule and out of reach goes through `jax.jvp`, and the text says so."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jax.scipy.special
import jvpgen


@jvpgen.derive
class Rare(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x)
        y = jax.scipy.special.i0e(x)  # W: JVP401
        return jnp.sin(y)


def example():
    return {"module": Rare(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),), "opaque": True}
