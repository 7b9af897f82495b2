"""Records with a `__call__` in partials, in `jax.tree.map`, in `map`, and given by keyword."""

# size: 4
import functools
import flax.linen as nn, jax, jax.numpy as jnp
from flax import struct
import jvpgen


@struct.dataclass
class SOp:
    w: jax.Array

    def __call__(self, t):
        return t * self.w


def mul(u, t):
    return u * t


W = nn.initializers.normal(1.0)


@jvpgen.derive
class PartialCall(nn.Module):
    @nn.compact
    def __call__(self, x):
        return functools.partial(SOp(self.param("w", W, (3,))))(x)


@jvpgen.derive
class VmapPartial(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.vmap(functools.partial(SOp(self.param("w", W, (3,)))))(x[None])


@jvpgen.derive
class TreeMap(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.tree.map(SOp(self.param("w", W, (3,))), [x, x])


@jvpgen.derive
class TreeMapPartial(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.tree.map(functools.partial(mul, self.param("w", W, (3,))), [x, x])


@jvpgen.derive
class Keyword(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.vmap(fun=SOp(self.param("w", W, (3,))))(x[None])


@jvpgen.derive
class KeywordPartial(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.vmap(fun=functools.partial(mul, self.param("w", W, (3,))))(x[None])


@jvpgen.derive
class KeywordClosure(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", W, (3,))
        return jax.vmap(fun=lambda t: t * w)(x[None]), jax.grad(fun=lambda t: jnp.sum(t**2 * w))(x)


@jvpgen.derive
class Builtins(nn.Module):
    @nn.compact
    def __call__(self, x):
        scale = SOp(self.param("w", W, (3,)))
        return list(map(scale, [x, x])), functools.reduce(lambda a, b: scale(a) + b, [x, x])


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (3,))
    return [
        {"module": M(), "args": (x,), "compiled": True}
        for M in (PartialCall, VmapPartial, TreeMap, TreeMapPartial, Keyword, KeywordPartial, KeywordClosure, Builtins)
    ]
