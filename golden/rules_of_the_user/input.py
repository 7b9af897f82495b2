"""Rules of the project's own: written out as the built-in ones are, or looked up where only run time knows the callee."""
# size: 4.5

from typing import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen

import ops
from ops import gate, swish


class Feedforward(nn.Module):
    act: Callable = swish

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(self.act(nn.Dense(4)(x)))


@jvpgen.derive
class Filtered(nn.Module):
    width: int = 3

    @jvpgen.no_tangent
    def temperature(self, x):
        return nn.Dense(1, name="hot")(x).mean()

    @nn.compact
    def __call__(self, x):
        beta = self.param("beta", nn.initializers.ones, ())
        x = swish(x, beta=beta) + swish(2 * x)
        x = ops.shifted(x, self.param("shift", nn.initializers.zeros, (3,)))
        x = ops.straight_through(x) / (1 + ops.noise_floor(x))
        x = ops.moving_average(nn.Dense(5)(x), self.width)
        scale, rest = ops.largest(x)

        @jvpgen.no_tangent
        def typical(y):
            return jnp.mean(jnp.abs(y * beta))

        x = x / (scale + rest["mean"] ** 2) / (2 + self.temperature(x) ** 2) + typical(x)
        products = gate(x, jnp.sin(x)).sum(-1)
        return Feedforward()(products) + Feedforward(act=ops.swish)(products)


def example():
    return {"module": Filtered(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
