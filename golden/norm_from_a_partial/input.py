"""BatchNorm made by a partial over its mode, as ResNets do, with a mask."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class NormStack(nn.Module):
    train: bool = True

    @nn.compact
    def __call__(self, x, mask=None):
        norm = partial(nn.BatchNorm, use_running_average=not self.train, momentum=0.9, epsilon=1e-3)
        y = norm(name="first")(x)
        for _ in range(2):
            y = x + norm()(nn.relu(y))
        return norm(use_bias=False)(y, mask=mask)


def example():
    x = jax.random.normal(jax.random.key(1), (4, 2))
    return {"module": NormStack(), "args": (x, jnp.ones((4, 1), bool)), "mutable": ["batch_stats"], "heavy": True}
