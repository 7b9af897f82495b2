"""A transformer block: attention under a mask, dropout, residual sums."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Block(nn.Module):
    width: int
    heads: int

    @nn.compact
    def __call__(self, x, mask=None, deterministic: bool = True):
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(
            num_heads=self.heads, dropout_rate=0.1, deterministic=deterministic
        )(y, mask=mask)
        x = x + y
        y = nn.LayerNorm()(x)
        y = nn.Dense(4 * self.width)(y)
        y = nn.gelu(y)
        y = nn.Dense(self.width)(y)
        return x + nn.Dropout(0.1)(y, deterministic=deterministic)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 3, 4))
    mask = nn.make_causal_mask(jnp.ones((2, 3)))
    common = {"module": Block(4, 2), "heavy": True}
    return [
        {**common, "args": (x,)},
        {
            **common,
            "args": (x, mask),
            "kwargs": {"deterministic": False},
            "rngs": {"dropout": jax.random.key(7)},
            "still": ("1",),
        },
    ]
