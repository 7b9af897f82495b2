"""A helper that calls itself to a depth known when it is traced."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


def tree_sum(parts):
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return tree_sum(parts[:middle]) + tree_sum(parts[middle:])


@jvpgen.derive
class Pooled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return tree_sum([nn.Dense(2)(row) for row in x])


def example():
    return {"module": Pooled(), "args": (jax.random.normal(jax.random.key(1), (3, 4)),)}
