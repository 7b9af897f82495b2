"""A base class in another file: `super().__call__` and an inherited helper method."""

import flax.linen as nn
import jax
import jvpgen
from base import Residual


@jvpgen.derive
class ScaledResidual(Residual):
    scale: float = 0.5

    def branch(self, x):
        return self.scale * super().branch(x)

    @nn.compact
    def __call__(self, x):
        y = super().__call__(x)
        return nn.LayerNorm()(y)


def example():
    return {"module": ScaledResidual(), "args": (jax.random.normal(jax.random.key(1), (3, 2)),)}
