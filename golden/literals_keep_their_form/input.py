"""Numbers, strings and comments come out as they were written."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Physical(nn.Module):
    @nn.compact
    def __call__(self, x):
        # Planck's constant times the speed of light
        energy = 6.626_070_15e-34 * 2.997_924_58e8 / x  # in joules
        mask = 0xFF & 0b1010
        units = {"energy": 'J', "name": "it's"}
        x = x * 1_000.0 + mask

        # two numbers that are not each other
        low, high = 1e-3, .5
        x = jnp.clip(x, low, high)  # dimensionless
        phase = jnp.exp(1j * x)
        return {units["energy"]: energy, """phase""": phase.real}, (x,), ()


def example():
    return {"module": Physical(), "args": (jax.random.uniform(jax.random.key(1), (4,)) / 1e3,)}
