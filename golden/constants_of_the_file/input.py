"""Module-level constants, numpy arrays among them, and numpy on static values."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
import numpy as np

FREQUENCIES = np.exp(np.linspace(0.0, 1.0, 3))
SCALE = jnp.array([1.0, 2.0, 3.0])
HALF, _UNIT = 0.5, 1.0


@jvpgen.derive
class Fourier(nn.Module):
    BANDS = 3

    @nn.compact
    def __call__(self, x):
        angles = x * FREQUENCIES[: self.BANDS] * np.pi
        size = int(np.prod(x.shape)) * HALF
        row = FREQUENCIES @ angles + np.float32(2) * SCALE
        return jnp.sin(angles) / np.sqrt(size), row, SCALE - x / _UNIT


def example():
    return {"module": Fourier(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
