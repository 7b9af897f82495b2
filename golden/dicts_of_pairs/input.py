"""The keys of a dict that is made of pairs are no values: they stay what they are."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Paired(nn.Module):
    def named(self, x):
        return [("left", x), ("right", x * 2)]

    @nn.compact
    def __call__(self, x, y):
        table = dict([("a", x), ("b", y * 2)], c=x)
        table.update([("d", y)])
        doubled = dict((name, value * 2) for name, value in table.items())
        copied = dict(doubled, e=y)
        return table, copied, dict(self.named(x))


def example():
    keys = jax.random.split(jax.random.key(1))
    return {"module": Paired(), "args": tuple(jax.random.normal(key, (3,)) for key in keys)}
