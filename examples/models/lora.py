"""A transformer block with low-rank adapters (LoRA): the base weights stay as they are.

All weights are in `params`. Those of the adapters are called `lora_a` and `lora_b`, so
a pattern picks them out: `params/**/lora_*`.
"""

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


class LoRADense(nn.Module):
    """A dense layer plus a low-rank correction that starts at zero."""

    features: int
    rank: int = 4
    alpha: float = 8.0

    @nn.compact
    def __call__(self, x):
        inputs = x.shape[-1]
        kernel = self.param(
            "kernel", nn.initializers.lecun_normal(), (inputs, self.features)
        )
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        lora_a = self.param("lora_a", nn.initializers.normal(0.02), (inputs, self.rank))
        lora_b = self.param("lora_b", nn.initializers.zeros, (self.rank, self.features))
        return x @ kernel + bias + (self.alpha / self.rank) * (x @ lora_a @ lora_b)


class LoRAAttention(nn.Module):
    """Causal self-attention with adapters on the queries and the values."""

    heads: int
    rank: int

    @nn.compact
    def __call__(self, x):
        *_, length, width = x.shape
        head_shape = (*x.shape[:-1], self.heads, width // self.heads)
        query = LoRADense(width, self.rank, name="query")(x).reshape(head_shape)
        key = nn.Dense(width, name="key")(x).reshape(head_shape)
        value = LoRADense(width, self.rank, name="value")(x).reshape(head_shape)
        scores = jnp.einsum("...qhd,...khd->...hqk", query, key)
        scores = scores / jnp.sqrt(width // self.heads)
        causal = jnp.tril(jnp.ones((length, length), dtype=bool))
        weights = nn.softmax(jnp.where(causal, scores, -1e9))
        mixed = jnp.einsum("...hqk,...khd->...qhd", weights, value)
        return nn.Dense(width, name="out")(mixed.reshape(x.shape))


@jvpgen.derive
@jvpgen.derive(variables=("params/**/lora_*",), arguments=(), name="adapters_jvp")
class LoRABlock(nn.Module):
    """One block of a language model."""

    heads: int = 4
    rank: int = 4

    @nn.compact
    def __call__(self, x):
        x = x + LoRAAttention(self.heads, self.rank, name="attention")(
            nn.LayerNorm()(x)
        )
        y = LoRADense(4 * x.shape[-1], self.rank, name="up")(nn.LayerNorm()(x))
        return x + LoRADense(x.shape[-1], self.rank, name="down")(nn.gelu(y))
