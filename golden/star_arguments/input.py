"""`*args` and `**kwargs` in methods, helpers and calls."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def weighted(*terms, weights=None):
    weights = weights or [1.0] * len(terms)
    return sum(w * t for w, t in zip(weights, terms))


class Concat(nn.Module):
    @nn.compact
    def __call__(self, *inputs, axis=-1):
        return nn.Dense(2)(jnp.concatenate(inputs, axis=axis))


@jvpgen.derive
class Fusion(nn.Module):
    @nn.compact
    def __call__(self, x, *others, bias=None):
        y = Concat()(x, *others)
        z = Concat()(*others, axis=-1)
        pair = (y, z)
        return weighted(*pair, weights=[0.3, y.sum()]), weighted(y, *[z, bias])


def example():
    x, a, b = jax.random.normal(jax.random.key(1), (3, 2))
    return {"module": Fusion(), "args": (x, a, b), "kwargs": {"bias": jnp.ones(2)}}
