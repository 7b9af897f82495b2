"""Nested functions whose parameters and locals have the names of outer values."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Shadowed(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        def double(x):
            y = x * 2
            return y + x

        def scaled(y, x=1.0, *, shift=1.0):
            return double(y) * x + shift

        def product():
            return x * y

        before = scaled(x)
        y = y * 10
        late = lambda a: a * y
        y = y + 1
        return before, scaled(x, y, shift=2 * y), product(), late(x), double(y)


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Shadowed(), "args": (x, y)}
