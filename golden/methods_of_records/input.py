"""Methods and fields of records that are called like those of arrays, lists and dicts."""
# size: 4.5

from typing import NamedTuple

import flax.linen as nn
import jax
import jvpgen
from flax import struct


@struct.dataclass
class Accumulator:
    total: jax.Array
    values: jax.Array

    def update(self, x):
        return Accumulator(self.total + x**2, self.values * x)

    def mean(self):
        return self.total * self.values

    def get(self, factor):
        return self.values * factor


class Cache(NamedTuple):
    keys: jax.Array
    values: jax.Array
    index: jax.Array


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array, start, cache):
        gathered = Accumulator(x, 2 * x).update(x).update(start.total)
        own = Cache(x, start.values, nn.Dense(3)(x))
        y = own.keys * cache.values + own.index * cache.index
        return gathered.mean(), start.get(3) * x.mean(), y, cache.keys


def example():
    x, *rest = jax.random.normal(jax.random.key(1), (6, 3))
    return {"module": Model(), "args": (x, Accumulator(*rest[:2]), Cache(*rest[2:]))}
