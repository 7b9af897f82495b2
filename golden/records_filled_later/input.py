"""A dataclass that starts with constants may get active values later, and any field may be replaced."""

import dataclasses
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@dataclasses.dataclass
class Memory:
    hidden: Any
    steps: int = 0

    def add(self, value):
        self.hidden = self.hidden + value
        return self


class Named(NamedTuple):
    value: Any
    shape: Any


@jvpgen.derive
class Filled(nn.Module):
    def advance(self, memory, x):
        memory.hidden = memory.hidden * x
        memory.steps += 1
        return memory.hidden

    @nn.compact
    def __call__(self, x):
        memory = Memory(jnp.ones(3))
        memory.hidden = memory.hidden + x
        out = self.advance(memory, x) * memory.steps
        for row in (x, 2 * x):
            memory.add(row).add(row**2)
        named = Named(jnp.zeros(3), (3,))
        named = named._replace(value=x)
        return memory.hidden, out, named.value


def example():
    return {"module": Filled(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
