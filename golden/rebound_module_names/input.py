"""`jnp` and `nn` bound to something else: in the file, and by a local."""
# size: 3.5

import flax.linen as linen
import jax
import jax.numpy as np
import numpy as jnp
import jvpgen


@jvpgen.derive
class Swapped(linen.Module):
    @linen.compact
    def __call__(self, x):
        nn = linen.Dense(3)
        table = jnp.arange(3.0) + jnp.sqrt(2.0)
        x = np.tanh(nn(x)) * table
        where = x > 0
        zero = np.where(where, x, -x)
        return np.maximum(zero, linen.relu(x)), linen.elu(x)


def example():
    return {"module": Swapped(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
