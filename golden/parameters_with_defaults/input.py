"""Defaults of every kind, positional-only and star parameters; numbers that may be given arrays."""
# size: 4.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen

WEIGHT = 3.0


@jvpgen.derive
class Defaulted(nn.Module):
    @nn.compact
    def __call__(self, x, /, scale=1, shift=0.0, *rest, weight: float = WEIGHT, mode="sum", **extra):
        y: jax.Array = x * scale + shift
        for term in rest:
            y = y + term
        for value in extra.values():
            y = y * value
        return y.sum() * weight if mode == "sum" else y


def EXAMPLES():
    x, *rest = jax.random.normal(jax.random.key(1), (4, 3))
    return [
        {"module": Defaulted(), "args": (x,)},
        {"module": Defaulted(), "args": (x, jnp.float32(2), *rest), "kwargs": {"mode": "none"}, "heavy": True},
        {"module": Defaulted(), "args": (x,), "kwargs": {"weight": 2.0, "gain": rest[0]}, "heavy": True},
    ]
