"""An argument that is a number as a rule may carry a tangent: the rule knows it, or the call goes through `jax.jvp`."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Noisy(nn.Module):
    floor: float = 0.0

    @nn.compact
    def __call__(self, x, s):
        extrema = jnp.max(x, -1, initial=s), x.min(initial=-s), jnp.max(x, initial=self.floor)
        product = jnp.prod(x, axis=-1, initial=s) + x.prod()
        bent = nn.celu(x, alpha=s)
        padded = jnp.pad(x, 1, constant_values=s)  # W: JVP401
        key = jax.random.key(0)
        noise = jax.random.uniform(key, (3,), minval=-s, maxval=s)  # W: JVP401
        steady = jax.random.uniform(key, x.shape, minval=-1.0, maxval=1.0)
        return extrema, product, bent, padded, noise, steady


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Noisy(), "args": (x, jnp.array(0.4)), "opaque": True}
