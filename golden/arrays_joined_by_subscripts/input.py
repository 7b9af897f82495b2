"""`jnp.c_` and `jnp.r_`: subscripts that join what stands in the index, tangents in the same way."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Joined(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        scale = self.param("scale", nn.initializers.ones, (3,))
        columns = jnp.c_[x, y.sum(1)]
        along = jnp.r_["-1", x, x * 2]
        line = jnp.r_[x[0], 0.5, y[0, 0], 2]
        grid = x[jnp.s_[0]] * jnp.r_[0:3] * scale
        shifted = jnp.tanh(grid)
        return columns, along, line, shifted


@jvpgen.derive
class WithRange(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jnp.r_[x[0], 0:3]  # W: JVP302


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3)), jax.random.normal(jax.random.key(2), (2, 4, 3))
    return [{"module": Joined(), "args": (x, y)}, {"module": WithRange(), "args": (x,), "opaque": True}]
