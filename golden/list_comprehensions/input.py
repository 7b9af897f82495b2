"""List comprehensions over active values: plain, nested, with conditions, of submodules."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class MultiHead(nn.Module):
    heads: int = 3

    @nn.compact
    def __call__(self, x, groups):
        logits = [nn.Dense(2, name=f"head_{i}")(x) for i in range(self.heads)]
        scaled = [2 * y for y in logits]
        kept = [y - group.mean() for y, group in zip(scaled, groups) if y.shape[0] > 1]
        pairs = [a * b for i, a in enumerate(kept) for b in kept[i:]]
        table = [[y[row, 0] for y in kept] for row in range(x.shape[0])]
        widths = [y.shape[-1] for y in kept]
        return jnp.stack(pairs), table, sum(widths)


def example():
    x, *groups = jax.random.normal(jax.random.key(1), (3, 2, 3))
    return {"module": MultiHead(), "args": (x, groups)}
