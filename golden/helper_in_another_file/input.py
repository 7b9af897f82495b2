"""Helpers and layers from other files of the project get derivatives beside their own source."""
# size: 5

import flax.linen as nn
import jax
import jvpgen

import activations
from layers import Gated, rms_norm


@jvpgen.derive
class Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = rms_norm(Gated(4)(x), 1e-5)
        return nn.Dense(2)(activations.squared_relu(x))


def example():
    return {"module": Network(), "args": (jax.random.normal(jax.random.key(1), (3, 2)),)}
