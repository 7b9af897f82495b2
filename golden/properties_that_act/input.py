"""Properties that draw a key or make a layer each time that they are read: once, as in the source."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Noisy(nn.Module):
    rate: float = 0.5

    @property
    def noise(self):
        return jax.random.normal(self.make_rng("dropout"), (3,))

    @property
    def layer(self):
        return nn.Dense(3)

    @property
    def keep(self):
        return 1 - self.rate

    @nn.compact
    def __call__(self, x):
        y = self.layer(x) * self.noise * self.keep
        return self.layer(y) + self.noise * x


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Noisy(), "args": (x,), "rngs": {"dropout": jax.random.key(2)}}
