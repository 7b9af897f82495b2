"""A network for the average velocity of a flow, as MeanFlow trains it.

u(z, t, r) is the velocity that carries a point z at time t back to time r in one
straight step: z_r = z_t - (t - r) * u. Training needs its derivative along (v, 1, 0):
see `examples/scripts/meanflow_step.py`.
"""

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


class TimeEmbedding(nn.Module):
    """Sines and cosines of a time at several frequencies, then a small MLP."""

    features: int
    max_frequency: float = 10.0

    @nn.compact
    def __call__(self, time):
        exponents = jnp.linspace(0.0, 1.0, self.features // 2)
        angles = time[:, None] * self.max_frequency**exponents
        x = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)
        x = nn.Dense(self.features)(x)
        return nn.Dense(self.features)(nn.silu(x))


class ModulatedBlock(nn.Module):
    """A residual MLP whose norm is scaled and shifted by the condition."""

    @nn.compact
    def __call__(self, x, condition):
        features = x.shape[-1]
        modulation = nn.Dense(3 * features, kernel_init=nn.initializers.zeros)(
            nn.silu(condition)
        )
        shift, scale, gate = jnp.split(modulation, 3, axis=-1)
        y = nn.LayerNorm(use_bias=False, use_scale=False)(x)
        y = y * (1 + scale) + shift
        y = nn.Dense(2 * features)(y)
        y = nn.Dense(features)(nn.silu(y))
        return x + gate * y


@jvpgen.derive(arguments=("z", "t"))
class MeanFlow(nn.Module):
    """The average velocity from the time t back to r, at the point z."""

    features: int = 64
    blocks: int = 3

    @nn.compact
    def __call__(self, z, t, r):
        condition = TimeEmbedding(self.features, name="embed_t")(t)
        condition += TimeEmbedding(self.features, name="embed_span")(t - r)
        x = nn.Dense(self.features)(z)
        for _ in range(self.blocks):
            x = ModulatedBlock()(x, condition)
        x = nn.LayerNorm()(x)
        return nn.Dense(z.shape[-1])(x)
