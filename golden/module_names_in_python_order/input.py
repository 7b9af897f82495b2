"""In `Dense(2)(Dense(4)(x))` the outer module is made first: it is `Dense_0`."""
# size: 5.5

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(2)(nn.Dense(4)(x) * nn.Dense(1)(x))
        return nn.Dense(3)(x) + nn.Dense(3, use_bias=False)(nn.sigmoid(nn.Dense(2)(x)))


def example():
    return {"module": Nested(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
