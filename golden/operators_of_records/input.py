"""Operators that a record defines: `u * q` is Hamilton's product, and none of arrays."""
# size: 4.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax import struct


@struct.dataclass
class Quaternion:
    w: jax.Array
    v: jax.Array

    def __mul__(self, other):
        w = self.w * other.w - (self.v * other.v).sum(-1, keepdims=True)
        return Quaternion(w, self.w * other.v + other.w * self.v + jnp.cross(self.v, other.v))

    def __rmul__(self, number):
        return Quaternion(number * self.w, number * self.v)

    def __neg__(self):
        return Quaternion(self.w, -self.v)

    def __getitem__(self, index):
        return Quaternion(self.w[index], self.v[index])

    def __iadd__(self, other):
        return Quaternion(self.w + other.w, self.v + other.v)


@jvpgen.derive
class Rotated(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array, p):
        q = Quaternion(x[..., :1], x[..., 1:])
        rotated = q * p * -q
        rotated += 2.0 * p
        first = rotated[0]
        return nn.Dense(2)(x) * x.mean(), rotated.v, first.w * first.v


def example():
    x, p = jax.random.normal(jax.random.key(1), (2, 2, 4))
    return {"module": Rotated(), "args": (x, Quaternion(p[..., :1], p[..., 1:]))}
