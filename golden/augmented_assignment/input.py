"""`+=` and its kin on locals, list items, dict items and attributes."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Accumulated(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        total = x * y
        total += x
        total *= 2
        total -= y / 3
        total /= 1 + y**2
        total **= 2
        parts = [x, y]
        parts[0] += total
        parts += [total]
        losses = {"l2": 0.0, "count": 0}
        for part in parts:
            losses["l2"] += (part**2).sum()
            losses["count"] += part.size
        return total, parts, losses


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Accumulated(), "args": (x, y)}
