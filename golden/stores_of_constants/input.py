# size: 5.5
"""`put_variable` and `sow` of constants: what has moved in the variable before moves no more."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Program(nn.Module):
    @nn.compact
    def __call__(self, x):
        before = self.get_variable("stats", "mean", x)
        self.put_variable("stats", "mean", jnp.ones(3))
        after = self.get_variable("stats", "mean", x)
        self.sow("stats", "all", x * 2)
        self.sow("stats", "all", jnp.ones(3))
        self.sow("stats", "last", x * 2, reduce_fn=lambda a, b: b, init_fn=lambda: 0.0)
        self.sow("stats", "last", jnp.ones(3), reduce_fn=lambda a, b: b, init_fn=lambda: 0.0)
        return before * x, after * x, self.get_variable("stats", "last")


def example():
    return {"module": Program(), "args": (jax.random.normal(jax.random.key(0), (3,)),), "mutable": ["stats"]}
