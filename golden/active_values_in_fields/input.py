"""A module whose field holds an active value."""
# size: 3

from typing import Any

import flax.linen as nn
import jax
import jvpgen


class FiLM(nn.Module):
    shift: Any
    scale: Any = 1.0

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x) * self.scale + self.shift


@jvpgen.derive
class Conditioned(nn.Module):
    @nn.compact
    def __call__(self, x, condition):
        shift = self.param("shift", nn.initializers.zeros, (3,))
        x = FiLM(shift)(x)
        return FiLM(condition, scale=shift * condition)(x)


def example():
    x, condition = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Conditioned(), "args": (x, condition)}
