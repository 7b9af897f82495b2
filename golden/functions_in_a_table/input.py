"""Activations by name, from tables of the file: also those that are the file's own have derivatives."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def quick_gelu(x):
    return x * nn.sigmoid(1.702 * x)


def squared_relu(x):
    return jnp.square(nn.relu(x))


ACTIVATIONS = {"gelu": partial(nn.gelu, approximate=False), "quick": quick_gelu, "squared": squared_relu}


@jvpgen.derive
class FeedForward(nn.Module):
    inner: str = "quick"
    outer: str = "tanh"

    def setup(self):
        self.up = nn.Dense(4)
        self.down = nn.Dense(2)
        self.activation = ACTIVATIONS[self.inner]

    def __call__(self, x):
        x = self.activation(self.up(x))
        x = ACTIVATIONS["squared"](x)
        return getattr(nn, self.outer)(self.down(x))


def example():
    return {"module": FeedForward(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
