"""A memory that is read and written by soft addresses: norms, rolls, powers, outer products."""
# size: 6

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Memory(nn.Module):
    @nn.compact
    def __call__(self, x, memory, previous):
        key = nn.Dense(memory.shape[-1])(x)
        norms = jnp.linalg.norm(memory, axis=-1) * jnp.linalg.norm(key) + 1e-8
        focus = nn.softmax(nn.softplus(nn.Dense(1)(x)) * (memory @ key) / norms)
        gate = nn.sigmoid(nn.Dense(1)(x))
        address = gate * focus + (1 - gate) * previous
        shifts = nn.softmax(nn.Dense(3)(x))
        address = sum(shifts[i + 1] * jnp.roll(address, i) for i in (-1, 0, 1))
        sharp = address ** (1 + nn.softplus(nn.Dense(1)(x)))
        address = sharp / sharp.sum()
        memory = memory * (1 - address[:, None]) + jnp.outer(address, nn.tanh(key))
        return address @ memory, memory, address


def example():
    x, memory = jax.random.normal(jax.random.key(1), (2, 3)), jax.random.normal(jax.random.key(2), (3, 2))
    return {"module": Memory(), "args": (x[0], memory, nn.softmax(x[1])), "heavy": True}
