"""`derive(name=…)`, and several decorated classes in one file that share a helper."""

import flax.linen as nn
import jax
import jvpgen


def scaled(x, factor):
    return x * factor


@jvpgen.derive(name="velocity_dot")
class Velocity(nn.Module):
    @nn.compact
    def __call__(self, z, t):
        return scaled(nn.Dense(2)(z), t)


@jvpgen.derive
class Twice(nn.Module):
    @nn.compact
    def __call__(self, z):
        return scaled(Velocity()(z, z.sum()), 2)


def EXAMPLES():
    z, t = jax.random.normal(jax.random.key(1), (2, 2))
    return [{"module": Velocity(), "args": (z, t)}, {"module": Twice(), "args": (z,)}]
