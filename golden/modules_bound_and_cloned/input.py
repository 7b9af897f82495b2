"""Modules that are bound to variables, taken from theirs, or cloned: what moves in them goes along."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Shift(nn.Module):
    by: jax.Array | float = 0.0

    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, (2,)) + self.by


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, w, x):
        inner, shift = nn.Dense(2), Shift()
        layer = nn.Dense(2, use_bias=False, parent=None).bind({"params": {"kernel": w}})
        y = layer(x) + Shift(parent=None).bind({"params": {"scale": w[0]}})(x[:, :2])
        y = inner(x) + shift(y)
        module, variables = inner.unbind()
        return y * module.apply(variables, x)


@jvpgen.derive
class Copied(nn.Module):
    """A field with a tangent: the copy's method runs as a whole."""

    @nn.compact
    def __call__(self, w, x):
        shift = Shift()
        y = shift(x[:, :2])
        return shift.copy(by=jnp.sum(w), name="moved")(y)


def example():
    w, x = jax.random.normal(jax.random.key(1), (3, 2)), jax.random.normal(jax.random.key(2), (4, 3))
    return [{"module": Model(), "args": (w, x)}, {"module": Copied(), "args": (w, x), "opaque": True}]
