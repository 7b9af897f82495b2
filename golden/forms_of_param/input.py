"""`self.param` in a comprehension, with extra arguments, with a dict as value, partitioned, in bfloat16."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Parameters(nn.Module):
    @nn.compact
    def __call__(self, x):
        weights = [self.param(f"w_{i}", nn.initializers.normal(), (3,)) for i in range(2)]
        bias = self.param("bias", lambda key, shape, value: jnp.full(shape, value), (3,), 2.0)
        tree = self.param("tree", lambda key: {"p": jnp.ones(3), "q": [jnp.zeros(2)]})
        boxed = self.param("boxed", nn.with_partitioning(nn.initializers.ones, ("x",)), (3,))
        half = self.param("half", nn.initializers.ones, (3,), jnp.bfloat16)
        y = sum(w * x for w in weights) + bias * tree["p"] + tree["q"][0].sum()
        return y + boxed * half, half * 2 + 1


def example():
    return {
        "module": Parameters(),
        "args": (jax.random.normal(jax.random.key(1), (3,)),),
        "init": True,
        "heavy": True,
        "tolerance": 1e-2,
    }
