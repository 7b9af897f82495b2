"""Casts to integers and booleans end a tangent: there is nothing to write for what follows from them alone."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import jvpgen


@jvpgen.derive
class Tokens(nn.Module):
    @nn.compact
    def __call__(self, ids, x):
        e = nn.Embed(7, 3)(ids.astype("i4"))
        k = jnp.asarray(x * 2, dtype=jnp.int32)
        n = jnp.sum(x > 0, dtype=np.int32)
        b = x.astype(bool)
        c = jnp.array(x, int)
        big = x.astype(jnp.float32) * n + k + jnp.where(b, x, c)
        return e + big, x.astype("int32"), (x * 3).astype(dtype="uint8").astype("float32") * x


def example():
    return {"module": Tokens(), "args": (jnp.array([1.0, 2.0, 3.0]), jnp.array([[1.0, 2.5, 3.0]]))}
