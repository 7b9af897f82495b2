"""A dict that comes from `jax.jvp` has its keys in the order in which the function stored them."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Ordered(nn.Module):
    def statistics(self, x):
        global COUNT  # W: JVP301
        COUNT = 1
        return {"width": x * COUNT, "area": {"b": x * x, "a": x}}

    @nn.compact
    def __call__(self, x):
        found = self.statistics(x)
        return jnp.stack([found["width"], *found["area"].values()])


def example():
    return {"module": Ordered(), "args": (jax.random.normal(jax.random.key(1), (3,)),), "opaque": True}
