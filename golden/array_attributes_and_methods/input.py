"""Attributes of arrays, and methods on them."""
# size: 4.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Statistics(nn.Module):
    @nn.compact
    def __call__(self, x):
        count = x.shape[0] * x.ndim + x.size
        centred = x - x.mean(axis=0, keepdims=True)
        spread = centred.var(axis=0).clip(1e-6)
        flat = x.T.ravel().reshape(2, -1).swapaxes(0, 1)
        scaled = (centred / spread).astype(jnp.float32).transpose(1, 0)
        summary = x.sum() + x.max(axis=1).min() + x.cumsum(0).prod() + x.std()
        order = x.argmax(-1) + x.round().astype(int).sum(-1)
        return scaled.dot(x), flat, summary / count, order, x.squeeze(), x.dtype == scaled.dtype


def example():
    return {"module": Statistics(), "args": (jax.random.normal(jax.random.key(1), (3, 2)),)}
