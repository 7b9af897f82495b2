"""Loops whose carry begins as a Python number and takes the dtype of what is added to it."""
# size: 4.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@jvpgen.derive
class Totals(nn.Module):
    @nn.compact
    def __call__(self, xs):
        half = xs.astype(jnp.bfloat16)
        total, sums = lax.scan(lambda c, x: (c + x.sum(), c), 0.0, half)
        damped = lax.fori_loop(0, 3, lambda i, c: c * 0.5 + half.sum(), 0.0)
        grown, _ = lax.while_loop(lambda c: c[1] < 3, lambda c: (c[0] + half.sum(), c[1] + 1), (0.0, 0))
        return total, sums, damped, grown


def example():
    xs = jax.random.normal(jax.random.key(1), (5, 3))
    return {"module": Totals(), "args": (xs,), "compiled": True, "tolerance": 2e-2}
