"""Methods and attributes of arrays that are got by their names: `getattr(x, "mean")`, or from a helper."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


def picked(x, name="mean"):
    return getattr(x, name)


def reducer(x):
    return x.max


@jvpgen.derive
class Pool(nn.Module):
    how: str = "mean"

    @nn.compact
    def __call__(self, x):
        reduce = getattr(x, self.how)
        largest = reducer(x)(axis=0)
        total = picked(x, "sum")(0)
        flat = getattr(x, "reshape")(-1)
        smallest = x.min
        return reduce(axis=0) + largest + total, smallest() * flat, getattr(x, "T"), getattr(x, "shape")[0]


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return [{"module": module, "args": (x,)} for module in (Pool(), Pool("std"))]
