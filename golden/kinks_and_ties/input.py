"""At kinks and ties the derivative is JAX's choice."""
# size: 4

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Kinks(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        bend = jnp.abs(x)
        top = jnp.maximum(x, y)
        low = jnp.minimum(x, 0)
        peak = jnp.max(x * y, axis=-1)
        inside = jnp.clip(x, -1, 1)
        ramp = nn.relu6(x) + nn.leaky_relu(y)
        return bend, top, low, peak, inside, ramp, x**0, y**2, nn.hard_tanh(x)


def example():
    x = jnp.array([[0.0, 1.0, -1.0, 2.0], [0.0, -0.0, 6.0, 0.5]])
    y = jnp.array([[0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 3.0, -0.5]])
    return {"module": Kinks(), "args": (x, y)}
