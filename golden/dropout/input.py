"""Dropout with its own random stream; the mask is the one that Flax draws."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Regularised(nn.Module):
    rate: float = 0.4

    @nn.compact
    def __call__(self, x, train: bool = True):
        x = nn.Dense(5)(x)
        x = nn.Dropout(self.rate, deterministic=not train)(x)
        x = nn.tanh(x)
        return nn.Dropout(self.rate)(x, deterministic=not train)


def EXAMPLES():
    common = {"module": Regularised(), "args": (jax.random.normal(jax.random.key(1), (3, 4)),)}
    return [{**common, "rngs": {"dropout": jax.random.key(7)}}, {**common, "kwargs": {"train": False}}]
