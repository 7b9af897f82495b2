"""Properties and methods of records: NamedTuples, `flax.struct` and dataclasses."""
# size: 3.5

import dataclasses
import functools
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax import struct


@struct.dataclass
class Normal:
    loc: jax.Array
    log_scale: jax.Array

    @property
    def scale(self):
        return jnp.exp(self.log_scale)

    def log_prob(self, x):
        return -(((x - self.loc) / self.scale) ** 2) / 2 - self.log_scale


class State(NamedTuple):
    q: jax.Array
    p: jax.Array

    @property
    def energy(self):
        return (self.p**2).sum() / 2 + (1 - jnp.cos(self.q)).sum()


@dataclasses.dataclass(frozen=True)
class Span:
    low: jax.Array
    high: jax.Array

    @functools.cached_property
    def width(self):
        return jnp.abs(self.high - self.low)


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x, state):
        normal = Normal(nn.Dense(3)(x), x)
        inner = State(x, 2 * x)
        width = Span(x, normal.scale).width
        return normal.log_prob(x), state.energy + inner.energy, width


def example():
    x, q, p = jax.random.normal(jax.random.key(1), (3, 3))
    return {"module": Model(), "args": (x, State(q, p))}
