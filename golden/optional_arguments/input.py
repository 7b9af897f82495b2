"""Arguments that may be None: their tangents are None as well."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class ConditionalNorm(nn.Module):
    @nn.compact
    def __call__(self, x, condition=None, mask=None, *, residual=None):
        y = nn.LayerNorm(use_scale=False, use_bias=False)(x)
        if condition is not None:
            shift, scale = jnp.split(nn.Dense(2 * x.shape[-1])(condition), 2, -1)
            y = y * (1 + scale) + shift
        if mask is not None:
            y = jnp.where(mask, y, 0)
        extra = None if residual is None else 2 * residual
        return y if extra is None else y + extra


def EXAMPLES():
    x, condition, residual = jax.random.normal(jax.random.key(1), (3, 2, 3))
    return [
        {"module": ConditionalNorm(), "args": (x,)},
        {"module": ConditionalNorm(), "args": (x, condition, x > 0), "kwargs": {"residual": residual}},
        {"module": ConditionalNorm(), "args": (x, None, x > 0)},
    ]
