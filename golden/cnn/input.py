"""The convolutional network of the design's page."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class CNN(nn.Module):
    features: int = 4
    classes: int = 3

    @nn.compact
    def __call__(self, x, *, train: bool):
        x = nn.Conv(self.features, (3, 3))(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.relu(x)
        x = nn.max_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape((x.shape[0], -1))  # flatten
        scale = self.param("scale", nn.initializers.ones, (x.shape[-1],))
        x = jnp.tanh(x * scale)
        return nn.Dense(self.classes)(x)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4, 4, 3))
    common = {"module": CNN(), "args": (x,), "heavy": True}
    return [
        {**common, "kwargs": {"train": True}, "mutable": ["batch_stats"]},
        {**common, "kwargs": {"train": False}},
    ]
