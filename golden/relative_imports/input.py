"""A file of a package that imports from its package."""
# size: 3

import flax.linen as nn
import jax
import jvpgen

from . import scaling
from .parts.mixing import mix


@jvpgen.derive
class Mixer(nn.Module):
    @nn.compact
    def __call__(self, x):
        return mix(scaling.scaled(nn.Dense(3)(x)), x)


def example():
    return {"module": Mixer(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
