"""Initializers of parameters that are given arrays: the arrays keep their tangents, a shape has none."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def like(key, x):
    return jax.random.normal(key, x.shape, x.dtype)


def average(key, x, factor):
    return jnp.mean(x, 0) * factor


class Scale(nn.Module):
    """Only a shape and a dtype are given."""

    @nn.compact
    def __call__(self, x, shape, dtype):
        return x * self.param("scale", nn.initializers.normal(1.0), shape, dtype)


@jvpgen.derive
class DataDependent(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        w = self.param("w", like, x)
        m = self.param("m", average, y, 0.5)
        h = x * w
        s = self.param("s", lambda key: jnp.std(h, 0))
        t = self.param("t", lambda key, *values: sum(v[0] for v in values), x, y)
        n = self.variable("stats", "n", lambda v: v * 2, x).value
        return Scale()(h - m * n, x.shape[-1:], x.dtype) * s + y * t


X = jnp.arange(6.0).reshape(2, 3) / 5

EXAMPLES = [{"module": DataDependent(), "args": (X, X + 1), "mutable": ["stats"]}]
