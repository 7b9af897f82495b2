"""Every operator, with an active left side, right side, and both."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Operators(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        w = self.param("w", nn.initializers.ones, (3, 3))
        total = x + y - 2 * x / y
        power = y**2 + y**x + 3.0**x + y**0.5
        remainder = x % y + x // y
        product = w @ x - x @ w
        sign = -total + (+power)
        between = (x > 0) & (y < 1) | ~(x == y)
        above = jnp.where(between & (0 < x), x, -y)
        return sign, remainder, product, above, not x.ndim


def example():
    x = jax.random.normal(jax.random.key(1), (3,))
    y = jax.random.uniform(jax.random.key(2), (3,), minval=0.5, maxval=2)
    return {"module": Operators(), "args": (x, y)}
