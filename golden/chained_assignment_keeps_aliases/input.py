"""`a = b = [x]` is one list with two names; swaps and stars in assignments."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Beam(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        history = best = [x]
        history.append(y * 2)
        best[0], best[1] = best[1], best[0] * y
        low = high = x - y
        i, best[i - 1] = 1, low * high
        head, *tail = [*best, low]
        pair = first, (second, *_) = head, tail
        return history, best is history, first * second, pair


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Beam(), "args": (x, y)}
