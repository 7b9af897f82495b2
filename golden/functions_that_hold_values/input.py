"""Functions that hold values that move: known by what has made them, or the caller is differentiated whole."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def gradient(function, x):
    y, pull_back = jax.vjp(function, x)
    return pull_back(jnp.ones_like(y))[0]


@jvpgen.derive
class Score(nn.Module):
    """Explicit: the functions that it hands on carry their derivatives."""

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, (3,))
        compiled = jax.jit(lambda v: jnp.tanh(v * scale))
        return compiled(jnp.ones(3)) + gradient(lambda v: jnp.sum(jnp.sin(v * scale)), x)


@jvpgen.derive
class Energy(nn.Module):
    """So does what a lifted transform returns."""

    @nn.compact
    def __call__(self, x):
        net = nn.Dense(3)
        energy, pull_back = nn.vjp(lambda mdl, v: jnp.sum(jnp.tanh(mdl(v)) ** 2), net, x)
        return energy, pull_back(jnp.ones(()))[1]


@jvpgen.derive
class Tangents(nn.Module):
    """Written out where nothing moves that the function holds."""

    @nn.compact
    def __call__(self, x):
        _, along = jax.linearize(jnp.sin, jnp.ones(3))
        return along(x)


@jvpgen.derive
class Started(nn.Module):
    """An initializer made of a value that moves."""

    @nn.compact
    def __call__(self, x):
        start = nn.initializers.constant(jnp.mean(x))  # W: JVP302
        return x + self.variable("state", "start", start, None, x.shape).value


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3,))
    for module in (Score(), Energy(), Tangents(), Started()):
        yield {"module": module, "args": (x,), "mutable": "state", "opaque": True}
