# size: 3.5
"""Lifted classes whose `setup` reads parameters run it inside of the lift, where a layer has its own part of them."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Gain(nn.Module):
    def setup(self):
        self.weight = self.param("weight", nn.initializers.normal(1.0), (3,))
        self.scale = jnp.tanh(self.weight) * 2

    def __call__(self, x):
        return jnp.tanh(x * self.scale)


class Step(nn.Module):
    def setup(self):
        self.weight = self.param("weight", nn.initializers.normal(1.0), (3,))

    def __call__(self, c, x):
        c = jnp.tanh(c * self.weight + x)
        return c, c


@jvpgen.derive
class Program(nn.Module):
    @nn.compact
    def __call__(self, x):
        axes, split = {True: 0}, {"params": True}
        x = nn.remat_scan(Gain, lengths=(2, 2), variable_axes=axes, split_rngs=split)()(x)
        x, _ = nn.scan(Step, variable_axes=axes, split_rngs=split)()(x, x)
        x = nn.vmap(Gain, variable_axes=axes, split_rngs=split)()(x)
        return nn.remat(Gain)()(x)


def example():
    return {"module": Program(), "args": (jax.random.normal(jax.random.key(0), (3, 3)),), "compiled": True}
