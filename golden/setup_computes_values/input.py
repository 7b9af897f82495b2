"""Values computed in `setup`: parameters, what follows from them, and constants."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class WeightNormed(nn.Module):
    features: int = 3

    def setup(self):
        v = self.param("direction", nn.initializers.lecun_normal(), (4, self.features))
        self.gain = self.param("gain", nn.initializers.ones, (self.features,))
        self.kernel = self.gain * v / jnp.linalg.norm(v, axis=0)
        self.positions = jnp.arange(4) / 4
        self.head = nn.Dense(2)

    def features_of(self, x):
        return (x + self.positions) @ self.kernel

    def __call__(self, x):
        return self.head(self.features_of(x)) + self.gain.sum()


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4))
    return [{"module": WeightNormed(), "args": (x,)}, {"module": WeightNormed(), "args": (x,), "method": "features_of"}]
