"""A subclass that takes a method from its base and replaces another."""

import flax.linen as nn
import jax
import jvpgen


class Autoencoder(nn.Module):
    code: int = 2

    def setup(self):
        self.down = nn.Dense(self.code)
        self.up = nn.Dense(5)

    def encode(self, x):
        return self.down(x)

    def decode(self, code):
        return self.up(code)

    def __call__(self, x):
        return self.decode(self.encode(x))


@jvpgen.derive
class Squashed(Autoencoder):
    def encode(self, x):
        return nn.tanh(super().encode(x))


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3, 5))
    return [{"module": Squashed(), "args": (x,)}, {"module": Squashed(), "args": (x,), "method": "encode"}]
