"""Helpers, methods, objects and entries of a table that call each other in a circle, on values that move."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp

import jvpgen


def even(x, n):
    if n == 0:
        return x
    return jnp.sin(odd(x, n - 1))


def odd(x, n):
    if n == 0:
        return jnp.cos(x)
    return even(x * x, n - 1) * 2


def forever(x, n):
    return again(x, n) * 2 if n else x


def again(x, n):
    y = forever(x, n - 1)
    return y * x


TABLE = {"even": even}


def table(x, n):
    return TABLE["even"](x, n) + (table(x, n - 1) if n else 0.0)


class Scaled:
    def __init__(self, w):
        self.w = w

    def up(self, x, n):
        return self.down(x * self.w, n - 1) if n else x

    def down(self, x, n):
        return self.up(jnp.tanh(x), n)


@jvpgen.derive
class Circles(nn.Module):
    def first(self, x, n):
        return self.second(x, n - 1) if n else x

    def second(self, x, n):
        return jnp.sin(self.first(x, n))

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        return even(x * w, 3) + forever(w, 2) + table(x, 2) + Scaled(w).up(x, 3) + self.first(x * w, 3)


def example():
    return {"module": Circles(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
