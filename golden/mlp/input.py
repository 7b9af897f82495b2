"""A multilayer perceptron whose widths are a field."""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class MLP(nn.Module):
    widths: Sequence[int]

    @nn.compact
    def __call__(self, x):
        for i, width in enumerate(self.widths):
            x = nn.Dense(width, name=f"layer_{i}")(x)
            if i < len(self.widths) - 1:
                x = nn.swish(x)
        return x


def example():
    return {"module": MLP((6, 5, 2)), "args": (jax.random.normal(jax.random.key(1), (3, 4)),)}
