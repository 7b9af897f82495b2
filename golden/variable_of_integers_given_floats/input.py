"""A variable that starts as integers, without a tangent, and is given floats that have one."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Remembering(nn.Module):
    @nn.compact
    def __call__(self, x):
        last = self.variable("memory", "last", lambda: jnp.zeros((3,), int))
        steps = self.variable("memory", "steps", jnp.zeros, (), int)
        steps.value = steps.value + 1
        before = last.value * x
        last.value = 2 * x
        return before + last.value * x / steps.value


def example():
    return {"module": Remembering(), "args": (jax.random.normal(jax.random.key(1), (3,)),), "mutable": ["memory"]}
