# size: 4
"""`map` over constants moves where its function computes with what is around it."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Mapped(nn.Module):
    @nn.compact
    def __call__(self, index):
        scale = self.param("scale", nn.initializers.normal(1.0), (3,))

        def scaled(i):
            return scale * i

        item = scale + 1
        embed = nn.Embed(4, 2)
        multiples = list(map(lambda i: item * i, range(3)))
        total = sum(map(scaled, range(3)))
        embedded = list(map(embed, [jnp.array(1), index]))
        widths = tuple(map(len, ("ab", "c")))
        return multiples, total, embedded, dict(zip("ab", map(scaled, widths)))


def example():
    return {"module": Mapped(), "args": (jnp.array(1),)}
