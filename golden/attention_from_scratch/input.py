"""Multi-head attention as people write it themselves, with a rotary position and a causal mask."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def rotate(x, positions):
    half = x.shape[-1] // 2
    angles = positions[:, None, None] * 10.0 ** -jnp.arange(half)
    x1, x2 = x[..., :half], x[..., half:]
    sin, cos = jnp.sin(angles), jnp.cos(angles)
    return jnp.concatenate([x1 * cos - x2 * sin, x2 * cos + x1 * sin], axis=-1)


@jvpgen.derive
class Attention(nn.Module):
    heads: int = 2

    @nn.compact
    def __call__(self, x, causal=True):
        length, width = x.shape
        qkv = nn.DenseGeneral((3, self.heads, width // self.heads), use_bias=False)(x)
        q, k, v = jnp.moveaxis(qkv, -3, 0)
        q, k = (rotate(a, jnp.arange(length)) for a in (q, k))
        logits = jnp.einsum("qhd,khd->hqk", q, k) * q.shape[-1] ** -0.5
        if causal:
            mask = jnp.tril(jnp.ones((length, length), bool))
            logits = jnp.where(mask, logits, jnp.finfo(logits.dtype).min)
        weights = jax.nn.softmax(logits, axis=-1)
        out = jnp.einsum("hqk,khd->qhd", weights, v)
        return nn.Dense(width)(out.reshape(length, width))


def example():
    return {"module": Attention(), "args": (jax.random.normal(jax.random.key(1), (3, 8)),), "heavy": True}
