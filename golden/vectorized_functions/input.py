# size: 4.5
"""`jnp.vectorize`: of lambdas, nested functions, helpers and methods, with signatures, broadcasting and exclusions."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jnp.vectorize
def smoothed(x, s):
    return jnp.tanh(x) * s, jnp.round(x)


@functools.partial(jnp.vectorize, excluded=(0, "shift"), signature="(n)->(m)")
def projected(w, x, *, shift=0.0):
    return x @ w + shift


def weighted(a, b, w):
    return jnp.dot(a, b * w)


@jvpgen.derive
class Vectorized(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        k = self.param("k", nn.initializers.normal(1.0), (3, 4))

        @functools.partial(jnp.vectorize, signature="(n)->(m),()")
        def layer(v):
            return jnp.tanh(v @ k), jnp.sum(v)

        by_rows = jnp.vectorize(lambda a, b: jnp.dot(a * w, b), signature="(n),(n)->()")(x[:, None], y[None])
        out, total = layer(x)
        dots = jnp.vectorize(weighted, excluded=(2,), signature="(n),(n)->()")(x, y, w)
        outer = jnp.vectorize(lambda a, b: {"product": a * b, "count": 1})(w, 2.0)
        slopes = jax.vmap(jax.grad(lambda row: jnp.sum(jnp.vectorize(lambda a: jnp.sin(a) * w[0])(row))))(x)
        return by_rows, out, total, dots, outer, slopes, smoothed(x[:, :, None], w), projected(k, x, shift=w[0])


@jvpgen.derive
class Method(nn.Module):
    def setup(self):
        self.w = self.param("w", nn.initializers.normal(1.0), (3,))

    @nn.nowrap
    def scale(self, v, power):
        return v**power * jnp.sum(self.w)

    def __call__(self, x):
        return jnp.vectorize(self.scale, excluded={1})(x, 2)


def EXAMPLES():
    x, y = jax.random.normal(jax.random.key(0), (2, 2, 3))
    return [{"module": Vectorized(), "args": (x, y)}, {"module": Method(), "args": (x,)}]
