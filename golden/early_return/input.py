"""A return inside of a condition on a static value."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Encoder(nn.Module):
    features_only: bool = False

    @nn.compact
    def __call__(self, x, pool=True):
        x = nn.Dense(4)(x)
        if self.features_only:
            return x
        x = nn.relu(x)
        if pool:
            return x.mean(axis=0)
        return nn.Dense(1)(x)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3, 2))
    return [
        {"module": Encoder(True), "args": (x,)},
        {"module": Encoder(), "args": (x,)},
        {"module": Encoder(), "args": (x, False)},
    ]
