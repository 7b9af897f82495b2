# size: 5.5
"""`lax.cond` and `lax.switch`: what moves in one branch only, branches without operands, branches of the file."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


def damped(x, scale):
    return x * jnp.exp(-scale)


def undamped(x, scale):
    return x


@jvpgen.derive
class Controller(nn.Module):
    @nn.compact
    def __call__(self, x, mode):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        gain, offset = lax.cond(mode > 0, lambda a: (a * w, 1.0), lambda a: (a + 1, 2.0), x)
        chosen = lax.switch(mode, [lambda a: a, lambda a: a * w, lambda a: -a], x)
        by_file = lax.cond(x[0, 0] > 0, damped, undamped, x, w)
        captured = lax.cond(mode > 5, lambda: x, lambda: x * w)
        old_form = lax.cond(mode > 0, x, lambda a: a * w, 2 * x, lambda b: b)
        return gain, offset, chosen, by_file, captured, old_form


def example():
    return {"module": Controller(), "args": (jax.random.normal(jax.random.key(0), (2, 3)), jnp.array(1))}
