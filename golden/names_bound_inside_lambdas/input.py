"""The variable of a comprehension that becomes a loop is renamed only where it is meant."""
# size: 7.5

from functools import partial

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Scaled(nn.Module):
    @nn.compact
    def __call__(self, x, scales):
        shifted = [partial(lambda s, v: v * s, s) for s in scales]
        nested = [[s for s in (s, nn.Dense(3, name=f"dense_{s.ndim}_{i}")(s))] + [s] for i, s in enumerate(scales)]
        for s in (x, x * 2):
            x = x + s
        return [f(x) for f in shifted], nested, s


def example():
    x, *scales = jax.random.normal(jax.random.key(1), (3, 3))
    return {"module": Scaled(), "args": (x, scales), "heavy": True}
