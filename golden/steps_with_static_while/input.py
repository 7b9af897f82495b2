"""A `while` over static values, with slices whose bounds are computed."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Halving(nn.Module):
    """Pairwise sums, as in a tournament."""

    @nn.compact
    def __call__(self, x):
        count = x.shape[0]
        while count > 1:
            half = count // 2
            x = nn.tanh(x[:half] + x[half : 2 * half])
            count = half
        else:
            x = 2 * x
        return x[0]


def example():
    return {"module": Halving(), "args": (jax.random.normal(jax.random.key(1), (5, 2)),)}
