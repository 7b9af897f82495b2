"""Properties that `setup` stores: what they compute with parameters keeps its tangent, a plain number has none."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Scale(nn.Module):
    def setup(self):
        self.scale = self.gain
        self.doubled = self.twice

    @property
    def gain(self):
        return jnp.exp(self.param("log_gain", nn.initializers.ones, (3,)))

    @property
    def twice(self):
        return 2.0

    @property
    def squared(self):
        return self.scale**2

    def __call__(self, x):
        return x * self.scale * self.doubled + self.squared


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        layer = Scale()
        return layer(x) * layer.scale + layer.doubled


def example():
    return {"module": Model(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
