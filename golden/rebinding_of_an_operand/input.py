"""`x = f(x)`: the tangent needs the old value unless its rule uses the new one."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Rebound(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = jnp.sin(x)
        x = jnp.exp(x)
        x = x * x
        x = x / (1 + x)
        x = jnp.log1p(x) * x
        x, y = x[..., :2], x[..., 2:]
        x, y = y * x, x - y
        x = x @ x.T
        return x, y


def example():
    return {"module": Rebound(), "args": (jax.random.normal(jax.random.key(1), (3, 4)),)}
