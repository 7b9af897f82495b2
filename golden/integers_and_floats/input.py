"""An integer carries no tangent, nor does the float that it becomes; `astype(int)` ends one."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Bucketed(nn.Module):
    buckets: int = 4

    @nn.compact
    def __call__(self, x, lengths):
        index = jnp.clip((x * self.buckets).astype(int), 0, self.buckets - 1)
        share = lengths / lengths.sum()
        table = nn.Embed(self.buckets, 2)(index)
        weight = lengths.astype(jnp.float32)[:, None] * x[:, None]
        fraction = x - jnp.floor(x) + index / 2
        count = jnp.sum(x > 0.5) * x.mean()
        return table * share[:, None] + weight, fraction, count, index


def example():
    x = jax.random.uniform(jax.random.key(1), (3,))
    return {"module": Bucketed(), "args": (x, jnp.array([1, 5, 2]))}
