"""Generators consumed by sum, max, tuple, all and a function."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def total_of(parts):
    total = 0.0
    for part in parts:
        total = total + part.sum()
    return total


@jvpgen.derive
class Penalty(nn.Module):
    @nn.compact
    def __call__(self, weights, scale):
        l2 = sum(jnp.sum(w**2) for w in weights)
        l1 = sum((jnp.abs(w).sum() for w in weights if w.ndim > 1), 0.0)
        assert all(w.ndim < 3 for w in weights)
        largest = max(w.size for w in weights)
        scaled = tuple(scale * w for w in weights)
        return l2 + l1 * scale, total_of(w * scale for w in weights), scaled, largest


def example():
    a, b = jax.random.normal(jax.random.key(1), (2, 2, 3))
    return {"module": Penalty(), "args": ((a, b[0]), jnp.float32(0.5))}
