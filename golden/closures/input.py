"""Nested functions and lambdas over active values, with star arguments; Python binds late."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Solver(nn.Module):
    """Two steps of Heun's method for a learned vector field."""

    @nn.compact
    def __call__(self, x, t):
        rate = self.param("rate", nn.initializers.ones, (2,))
        layer = nn.Dense(2)

        def field(x, *times, scale=1.0):
            return jnp.tanh(layer(x)) * rate * scale + sum(times)

        damp = lambda y: y * decay
        decay = 0.5 * rate
        for step in (0.1, 0.2):
            k1 = field(x, t)
            k2 = field(x + step * k1, t, step, scale=2.0)
            x = x + damp(step * (k1 + k2))
        decay = jnp.ones(2)
        return damp(x)


def example():
    x, t = jax.random.normal(jax.random.key(1), (2, 2))
    return {"module": Solver(), "args": (x, t)}
