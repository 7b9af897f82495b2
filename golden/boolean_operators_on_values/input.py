"""`or` and `and` that yield values: a default, a callable, a guarded call."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Defaults(nn.Module):
    activation: object = None
    width: int = 0

    @nn.compact
    def __call__(self, x, context=None):
        act = self.activation or nn.tanh
        x = nn.Dense(self.width or x.shape[-1])(x)
        extra = context is not None and nn.Dense(x.shape[-1])(context)
        if context is not None:
            x = x + extra
        return act(x)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return [
        {"module": Defaults(), "args": (x,)},
        {"module": Defaults(nn.softplus, 2), "args": (x, x[:, :1])},
    ]
