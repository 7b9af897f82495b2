"""Parameters whose types say that they are modules: their attributes may move, their fields do not."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Normalized(nn.Module):
    """A layer that computes an attribute in `setup`."""

    features: int = 2

    def setup(self):
        weight = self.param("weight", nn.initializers.normal(), (2, self.features))
        self.weight = weight / jnp.linalg.norm(weight)

    def encode(self, x):
        return x @ self.weight


def sharpened(layer: nn.Module, x):
    return layer.encode(x) * jnp.sum(layer.weight)


def widened(layer: "Normalized | None", x):
    y = x @ layer.weight
    return y + jnp.ones(layer.features)


def untyped(layer, x):
    return layer.encode(x) * layer.weight[0]


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        layer = Normalized()
        return sharpened(layer, x) + widened(layer, x) + untyped(layer, x)


def example():
    return {"module": Model(), "args": (jax.random.normal(jax.random.key(1), (3, 2)),)}
