"""Two operands may be the same expression: each is its own argument."""
# size: 3

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Twice(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        even = jnp.maximum(x, x)
        angle = jnp.arctan2(y, y)
        outer = jnp.outer(x, x)
        chosen = jnp.where(x > 0, y, y)
        bound = jnp.clip(x, y, y)
        return even, angle, outer, chosen, bound, x / x


def example():
    return {"module": Twice(), "args": (jnp.array([1.0, -2.0]), jnp.array([3.0, 0.5]))}
