"""Fields of records that are called like attributes of arrays: `box.size` has a tangent, `x.size` has none."""
# size: 4.5

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax import struct


class Latents(NamedTuple):
    shape: Any
    size: Any
    name: Any


@struct.dataclass
class Box:
    size: Any
    path: Any
    ndim: int = struct.field(pytree_node=False, default=2)


def volume(box):
    return jnp.prod(box.size) * box.ndim


@jvpgen.derive
class Scene(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array, box):
        latents = Latents(nn.Dense(3)(x), x * 2, x.sum())
        y = jnp.tanh(latents.shape) * latents.size + latents.name
        count = x.size + x.shape[0]
        return y / count, box.size * x, box.path * volume(box)


def example():
    x, size, path = jax.random.normal(jax.random.key(1), (3, 3))
    return {"module": Scene(), "args": (x, Box(size, path))}
