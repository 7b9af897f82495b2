"""Lambdas and functions among the layers of `nn.Sequential`."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Stack(nn.Module):
    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, (3,))
        model = nn.Sequential([nn.Dense(3), lambda y: y * scale, nn.relu, nn.Dense(2), jnp.sin])
        return model(x)


def example():
    return {"module": Stack(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
