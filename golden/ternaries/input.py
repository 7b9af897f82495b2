"""A ternary over static conditions; what only one arm evaluates, only that arm evaluates."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Choice(nn.Module):
    wide: bool = True
    activation: str = "relu"

    @nn.compact
    def __call__(self, x, gate=None):
        x = nn.Dense(5)(x) if self.wide else nn.Dense(2)(x)
        act = nn.relu if self.activation == "relu" else nn.gelu
        x = act(x)
        y = x if gate is None else x * nn.sigmoid(gate)
        z = nn.Dense(2)(y if self.wide else -y)
        return z * (2 if self.wide else x.sum()), y.mean() if y.ndim > 1 else y


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return [
        {"module": Choice(), "args": (x, x[:, :1])},
        {"module": Choice(False, "gelu"), "args": (x,)},
    ]
