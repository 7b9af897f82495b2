# size: 4.5
"""A bound method of an array or a dict is a value that holds it, tangent and all."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Bound(nn.Module):
    @nn.compact
    def __call__(self, index):
        scale = self.param("scale", nn.initializers.normal(1.0), (3,))
        ones = jnp.ones(3)
        dot = scale.dot
        table = {"scale": scale}
        get = table.get
        reduced = [reduce() for reduce in (scale.sum, scale.mean)]
        return dot(ones), get("scale")[index], reduced, list(map(scale.dot, [ones, ones]))


def example():
    return {"module": Bound(), "args": (jnp.array(1),)}
