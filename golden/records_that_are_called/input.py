"""Records with functions in fields and a `__call__`: called at once, mapped, differentiated, given to a loop."""
# size: 3.5

import dataclasses
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import struct
from jax import lax

import jvpgen


@struct.dataclass
class SOp:
    w: jax.Array
    f: Any = struct.field(pytree_node=False, default=jnp.sin)

    def __call__(self, t):
        return self.f(t * self.w)

    def go(self, t):
        return self.f(t * self.w)


@dataclasses.dataclass
class DOp:
    w: Any
    f: Any = jnp.sin

    def go(self, t):
        return self.f(t * self.w)


class Base(nn.Module):
    def w(self):
        return self.param("w", nn.initializers.normal(1.0), (3,))


@jvpgen.derive
class Go(Base):
    @nn.compact
    def __call__(self, x):
        return SOp(self.param("w", nn.initializers.normal(1.0), (3,))).go(x)


@jvpgen.derive
class GoD(Base):
    @nn.compact
    def __call__(self, x):
        return DOp(self.param("w", nn.initializers.normal(1.0), (3,))).go(x)


@jvpgen.derive
class Call(Base):
    @nn.compact
    def __call__(self, x):
        return SOp(self.param("w", nn.initializers.normal(1.0), (3,)))(x)


@jvpgen.derive
class Vmap(Base):
    @nn.compact
    def __call__(self, x):
        return jax.vmap(SOp(self.param("w", nn.initializers.normal(1.0), (3,))))(x[None])


@jvpgen.derive
class Map(Base):
    @nn.compact
    def __call__(self, x):
        return lax.map(SOp(self.param("w", nn.initializers.normal(1.0), (3,))), x[None])


@jvpgen.derive
class Grad(Base):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        return jax.grad(lambda t: jnp.sum(SOp(w)(t)))(x), jax.grad(lambda s: jnp.sum(s(x)))(SOp(w)).w


@jvpgen.derive
class ScanM(Base):
    @nn.compact
    def __call__(self, x):
        s = SOp(self.param("w", nn.initializers.normal(1.0), (3,)))
        return lax.scan(lambda s, t: (s.replace(w=s.go(t)), s.w), s, x[None])[1]


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (3,))
    return [{"module": M(), "args": (x,), "compiled": True} for M in (Go, GoD, Call, Vmap, Map, Grad, ScanM)]
