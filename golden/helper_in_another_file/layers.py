import flax.linen as nn
import jax.numpy as jnp
from activations import squared_relu


def rms_norm(x, epsilon):
    return x / jnp.sqrt((x**2).mean(-1, keepdims=True) + epsilon)


class Gated(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x) * squared_relu(nn.Dense(self.width)(x))


def unused(x):
    return x
