"""`if`, `elif`, `else` on fields, arguments and shapes."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Downsample(nn.Module):
    mode: str = "mean"
    residual: bool = True

    @nn.compact
    def __call__(self, x, scale=None, *, train=False):
        y = nn.Dense(4)(x)
        if self.mode == "mean":
            y = y.reshape(y.shape[0] // 2, 2, -1).mean(1)
        elif self.mode == "max":
            y = jnp.max(y.reshape(y.shape[0] // 2, 2, -1), axis=1)
        else:
            y = y[::2]
        if scale is not None:
            y = y * scale
            if train and y.shape[-1] > 1:
                y = y / y.shape[-1]
        if self.residual:
            shortcut = x[::2]
            if shortcut.shape != y.shape:
                shortcut = nn.Dense(4, name="shortcut")(shortcut)
            y = y + shortcut
        return y


def EXAMPLES():
    x, scale = jax.random.normal(jax.random.key(1), (4, 3)), jnp.arange(1.0, 5.0)
    return [
        {"module": Downsample(), "args": (x,)},
        {"module": Downsample("max", False), "args": (x, scale), "kwargs": {"train": True}},
        {"module": Downsample("first"), "args": (x, scale)},
    ]
