"""Functions that find the module around them, under names of the file: `param_with_axes`, and a partial of a layer."""
# size: 3

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax.linen import partitioning as nn_partitioning

param_with_axes = nn_partitioning.param_with_axes
variable = nn_partitioning.variable_with_axes
dense = partial(nn.Dense, 3)


@jvpgen.derive
class Logical(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = param_with_axes("w", nn.initializers.lecun_normal(), (3, 3), jnp.float32, axes=("a", "b"))
        v = variable("stats", "v", jnp.ones, (3,), axes=("a",))
        if self.is_mutable_collection("stats"):
            v.value = v.value * 2 + x.sum(0)
        return dense()(x @ w * v.value)


def EXAMPLES():
    k = jax.random.key(0)
    return [
        {"module": Logical(), "args": (jax.random.normal(k, (2, 3)),)},
        {"module": Logical(), "args": (jax.random.normal(k, (2, 3)),), "mutable": ["stats"]},
    ]
