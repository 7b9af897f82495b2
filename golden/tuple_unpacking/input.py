"""Tuples taken apart, nested and starred, and put together again."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class GatedUnit(nn.Module):
    features: int = 3

    @nn.compact
    def __call__(self, x, state):
        (hidden, memory), steps = state
        batch, *_ = x.shape
        gates = nn.Dense(3 * self.features)(jnp.concatenate([x, hidden], axis=-1))
        forget, update, candidate = jnp.split(gates, 3, axis=-1)
        memory, previous = nn.sigmoid(forget) * memory + candidate, memory
        first, *rest = [nn.tanh(memory), previous, update]
        hidden = first * nn.sigmoid(rest[1])
        return ((hidden, memory), steps + batch), (hidden - rest[0],)


def example():
    x, hidden, memory = jax.random.normal(jax.random.key(1), (3, 2, 3))
    return {"module": GatedUnit(), "args": (x, ((hidden, memory), 4))}
