"""An update or a method of arrays without a rule goes through `jax.jvp` alone, and what it is called on runs once."""
# size: 4.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Running(nn.Module):
    @nn.compact
    def __call__(self, x, y, places):
        lowest = x.at[0].min(y[0])  # W: JVP401
        highest = jnp.zeros(3).at[places].max(values=jnp.sin(y), mode="drop")  # W: JVP401
        for i in range(2):
            x = x.at[i].max(0.1 * y[i])  # W: JVP401
        spread = nn.Dense(3)(x).ptp()  # W: JVP401
        same = x.view(jnp.float32)  # W: JVP401
        return lowest, highest, x, spread, same, jnp.ones(3).at[0].max(2.0)


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Running(), "args": (x, y, jnp.array([0, 2, 0])), "opaque": True}
