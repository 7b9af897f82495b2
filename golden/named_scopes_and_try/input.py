"""`with` and `try` around active code."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Scoped(nn.Module):
    @nn.compact
    def __call__(self, x):
        with jax.named_scope("encoder"):
            y = nn.Dense(2)(x)
        try:
            y = y * self.missing
        except AttributeError:
            y = y + x.mean()
        return y


def example():
    return {"module": Scoped(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
