"""A local and a parameter called `x_dot`: tangents get other names."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Oscillator(nn.Module):
    @nn.compact
    def __call__(self, x, x_dot, *, force_dot=None):
        stiffness = self.param("stiffness", nn.initializers.ones, ())
        y = x * x_dot
        y_dot = -stiffness * x + x_dot**2
        if force_dot is not None:
            y_dot = y_dot + force_dot
        return y, y_dot


def example():
    x, x_dot, force = jax.random.normal(jax.random.key(1), (3, 2))
    return {"module": Oscillator(), "args": (x, x_dot), "kwargs": {"force_dot": force}}
