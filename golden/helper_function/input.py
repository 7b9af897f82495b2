"""Functions of the same file, called with active and with other arguments."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def normalise(x, axis=-1, epsilon=1e-6):
    """Unit length along an axis."""
    return x / jnp.sqrt(jnp.sum(x**2, axis=axis, keepdims=True) + epsilon)


def cosine(a, b):
    return jnp.sum(normalise(a) * normalise(b, epsilon=1e-3), axis=-1)


@jvpgen.derive
class Similarity(nn.Module):
    @nn.compact
    def __call__(self, query, key):
        project = nn.Dense(4, use_bias=False)
        return cosine(project(query), project(key))


def example():
    query, key = jax.random.normal(jax.random.key(1), (2, 3, 5))
    return {"module": Similarity(), "args": (query, key)}
