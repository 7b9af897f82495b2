"""A decoder-only transformer: dropout, a causal mask, a KV cache, tied embeddings."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax import struct


@struct.dataclass
class Config:
    """The sizes of a language model."""

    vocabulary: int = 256
    width: int = 64
    heads: int = 4
    layers: int = 2
    max_length: int = 128
    dropout_rate: float = 0.1


class PositionEmbedding(nn.Module):
    """A learned vector for each position. In decoding it counts the positions."""

    config: Config
    decode: bool = False

    @nn.compact
    def __call__(self, length: int):
        shape = (self.config.max_length, self.config.width)
        embedding = self.param("embedding", nn.initializers.normal(0.02), shape)
        if not self.decode:
            return embedding[:length]
        is_initialised = self.has_variable("cache", "position")
        position = self.variable("cache", "position", jnp.zeros, (), jnp.int32)
        if not is_initialised:
            return embedding[:length]
        start = position.value
        position.value = start + length
        return jax.lax.dynamic_slice_in_dim(embedding, start, length)


class MLP(nn.Module):
    """The position-wise half of a block."""

    config: Config

    @nn.compact
    def __call__(self, x, deterministic: bool):
        y = nn.Dense(4 * self.config.width)(x)
        y = nn.gelu(y)
        y = nn.Dense(self.config.width)(y)
        return nn.Dropout(self.config.dropout_rate)(y, deterministic=deterministic)


class Block(nn.Module):
    """Attention and an MLP, each behind a norm and around a shortcut."""

    config: Config
    decode: bool = False

    @nn.compact
    def __call__(self, x, mask, deterministic: bool):
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(
            num_heads=self.config.heads,
            dropout_rate=self.config.dropout_rate,
            deterministic=deterministic,
            decode=self.decode,
        )(y, mask=mask)
        x = x + y
        return x + MLP(self.config)(nn.LayerNorm()(x), deterministic)


@jvpgen.derive
class LanguageModel(nn.Module):
    """Logits of the next token.

    With `decode=True` a call takes one token per row, and the collection `"cache"` must
    be mutable: keys, values and the position are kept there. Initialise on a batch of
    the full length.
    """

    config: Config
    decode: bool = False

    def setup(self):
        config = self.config
        self.embed = nn.Embed(config.vocabulary, config.width)
        self.positions = PositionEmbedding(config, self.decode)
        self.dropout = nn.Dropout(config.dropout_rate)
        self.blocks = [Block(config, self.decode) for _ in range(config.layers)]
        self.norm = nn.LayerNorm()

    def __call__(self, tokens, *, deterministic: bool = True):
        x = self.embed(tokens) + self.positions(tokens.shape[1])
        x = self.dropout(x, deterministic=deterministic)
        mask = None if self.decode else nn.make_causal_mask(tokens)
        for block in self.blocks:
            x = block(x, mask, deterministic)
        # The embedding is also the output layer.
        return self.embed.attend(self.norm(x))


@jvpgen.derive
def next_token_loss(logits, tokens):
    """Mean cross entropy of each token given those before it."""
    log_probabilities = jax.nn.log_softmax(logits[:, :-1])
    chosen = jnp.take_along_axis(log_probabilities, tokens[:, 1:, None], axis=-1)
    return -chosen.mean()
