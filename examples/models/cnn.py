"""A convolutional classifier with batch normalization."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class ConvBlock(nn.Module):
    """Convolution, normalization, activation, and a pool that halves the image."""

    features: int

    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Conv(self.features, kernel_size=(3, 3), use_bias=False)(x)
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.relu(x)
        return nn.max_pool(x, window_shape=(2, 2), strides=(2, 2))


@jvpgen.derive
class CNN(nn.Module):
    """Blocks of convolutions, then a dense layer over what is left of the image."""

    classes: int = 10
    features: tuple[int, ...] = (16, 32)
    dropout_rate: float = 0.1

    @nn.compact
    def __call__(self, images, *, train: bool = False):
        x = images
        for features in self.features:
            x = ConvBlock(features)(x, train)
        x = x.reshape((x.shape[0], -1))  # one row per image
        x = nn.Dropout(self.dropout_rate, deterministic=not train)(x)
        return nn.Dense(self.classes)(x)


@jvpgen.derive
def cross_entropy(logits, labels):
    """Mean negative log-likelihood of the labels, which are class indices."""
    log_probabilities = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(log_probabilities, labels[:, None], axis=-1))
