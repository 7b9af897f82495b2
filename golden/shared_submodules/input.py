"""One submodule called several times, and one passed into another module."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


class Tied(nn.Module):
    encoder: nn.Module

    @nn.compact
    def __call__(self, a, b):
        return nn.Dense(2)(self.encoder(a) * self.encoder(b))


@jvpgen.derive
class Siamese(nn.Module):
    def setup(self):
        self.encoder = nn.Dense(3)
        self.compare = Tied(self.encoder)

    def __call__(self, a, b):
        distance = self.encoder(a) - self.encoder(b)
        return self.compare(a, b), (distance**2).sum(-1)


def example():
    a, b = jax.random.normal(jax.random.key(1), (2, 2, 3))
    return {"module": Siamese(), "args": (a, b)}
