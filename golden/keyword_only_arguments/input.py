"""Keyword-only arguments with tangents, one of them a dict, and `**kwargs`."""
# size: 5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def modulate(x, *, shift, scale=1.0, **rest):
    for name, value in rest.items():
        x = x + value * len(name)
    return x * scale + shift


@jvpgen.derive
class Modulated(nn.Module):
    @nn.compact
    def __call__(self, x, *, embeddings, time, scale=None):
        parts = {name: nn.Dense(2, name=name)(value) for name, value in embeddings.items()}
        x = modulate(x, shift=jnp.sin(time), **parts)
        options = {"scale": scale} if scale is not None else {}
        return modulate(x, shift=time, **options)


def EXAMPLES():
    x, a, b = jax.random.normal(jax.random.key(1), (3, 2))
    common = {"module": Modulated(), "args": (x,)}
    return [
        {**common, "kwargs": {"embeddings": {"label": a, "text": b}, "time": jnp.float32(0.3)}},
        {**common, "kwargs": {"embeddings": {"label": a}, "time": jnp.float32(0.3), "scale": b}, "heavy": True},
    ]
