"""Bound methods of records as values, records that are called, and `jax.tree_util.Partial`, which go to transforms."""
# size: 4.5

import dataclasses
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@dataclasses.dataclass
class Cell:
    w: Any

    def step(self, carry, x):
        carry = jnp.tanh(carry * self.w + x)
        return carry, carry**2

    def turn(self, x):
        return jnp.sin(x * self.w)

    def __call__(self, x):
        return jnp.sum(jnp.sin(x * self.w))


@jvpgen.derive
class Scanned(nn.Module):
    @nn.compact
    def __call__(self, x):
        cell = Cell(self.param("w", nn.initializers.normal(1.0), (3,)))
        last, all_of_them = lax.scan(cell.step, jnp.zeros(3), x)
        return last + all_of_them.sum(0) + jax.vmap(cell.turn)(x)


@jvpgen.derive
class Listed(nn.Module):
    @nn.compact
    def __call__(self, x):
        cell = Cell(self.param("w", nn.initializers.normal(1.0), (3,)))
        for f in [cell.turn, jnp.tanh, jax.jit(cell.turn)]:
            x = f(x)
        turn = cell.turn
        x = lax.fori_loop(0, 2, lambda i, h: turn(h), x)
        return lax.map(jax.checkpoint(turn), x), jax.tree.map(turn, {"x": x}), list(map(turn, x))


@jvpgen.derive
class Slopes(nn.Module):
    @nn.compact
    def __call__(self, x):
        cell = Cell(self.param("w", nn.initializers.normal(1.0), (3,)))
        return jax.hessian(cell)(x[0]), jax.jacfwd(cell)(x[0]), jax.grad(cell)(x[0]), jax.jacrev(cell.turn)(x[1])


def turned(w, x, scale=1.0):
    return jnp.sin(x * w) * scale


def applied(f, x):
    return f(x) * 2


@jvpgen.derive
class Partials(nn.Module):
    """A `Partial` is a tree of what it holds, and goes where trees may go."""

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        f = jax.tree_util.Partial(turned, w, scale=x.mean())
        x = applied(f, x)
        x, _ = lax.scan(lambda carry, g: (g(carry), None), x, jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), f))
        x = jax.jit(lambda g, x: g(x))(f, x)
        return lax.cond(x[0, 0] > 0, lambda g, x: g(x), lambda g, x: x, f, x)


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1

EXAMPLES = [{"module": module, "args": (X,)} for module in (Scanned(), Listed(), Slopes(), Partials())]
