"""The smallest module with a parameter of its own."""

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class LearnScale(nn.Module):
    """Scales each feature by a learned factor, then squashes it."""

    @nn.compact
    def __call__(self, x):
        scale = self.param("scale", nn.initializers.ones, (x.shape[-1],))
        return jnp.tanh(x * scale)
