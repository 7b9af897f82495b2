# size: 4.5
"""Loops of `jax.lax`: carries of several kinds, a zero that begins to move, integers, outputs in dicts."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


class State(NamedTuple):
    hidden: jax.Array
    count: jax.Array


def leaky(total, x):
    total = 0.9 * total + jnp.sin(x)
    return total, total


@jvpgen.derive
class Recurrence(nn.Module):
    """A recurrent network over the time axis, in which short sequences stand still."""

    @nn.compact
    def __call__(self, xs, lengths):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))
        b = self.param("b", nn.initializers.normal(1.0), (3,))

        def step(state, inputs):
            x, keep = inputs
            hidden = jnp.tanh(state.hidden @ w + x)
            hidden = jnp.where(keep[:, None], hidden, state.hidden)
            return State(hidden, state.count + 1), {"hidden": hidden, "count": state.count, "one": jnp.ones(3)}

        keep = jnp.arange(xs.shape[0])[:, None] < lengths
        state, outputs = lax.scan(step, State(jnp.zeros(xs.shape[1:]), jnp.array(0)), (xs, keep), reverse=True)
        total, _ = lax.scan(lambda carry, _: (carry * 0.5 + b, None), jnp.zeros(3), None, length=3)
        return state, outputs, total, lax.scan(leaky, xs[0], xs)


@jvpgen.derive
class Iterations(nn.Module):
    """Loops that count, that wait, that map, and that combine in any order."""

    @nn.compact
    def __call__(self, x, n):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        power = lax.fori_loop(0, n, lambda i, c: c * w + i, x)
        grown, steps = lax.while_loop(
            lambda c: jnp.sum(c[0] ** 2) < 10.0, lambda c: (c[0] * 1.5 + w**2, c[1] + 1), (x, 0)
        )
        mapped = lax.map(lambda row: row @ w, x)
        decays, sums = lax.associative_scan(lambda l, r: (l[0] * r[0], l[1] * r[0] + r[1]), (x, x * w))
        return power, grown, steps, mapped, decays, sums


def EXAMPLES():
    key = jax.random.key(0)
    return [
        {"module": Recurrence(), "args": (jax.random.normal(key, (5, 2, 3)), jnp.array([3, 5]))},
        {"module": Iterations(), "args": (jax.random.normal(key, (2, 3)), jnp.array(2))},
    ]
