"""Attributes with a tangent that a method reads for their shapes, or under a `stop_gradient`, alone."""

import flax.linen as nn
import jax
import jax.numpy as jnp

import jvpgen


@jvpgen.derive
class Logits(nn.Module):
    words: int = 5

    def setup(self):
        self.head = nn.Dense(self.words)
        self.bias = self.param("bias", nn.initializers.normal(), (1, self.words))
        self.scale = jnp.exp(self.param("scale", nn.initializers.ones, (self.words,)))

    def __call__(self, x):
        logits = self.head(x) + jax.lax.stop_gradient(self.bias)
        return logits / self.scale.shape[0]


@jvpgen.derive
class Scaled(Logits):
    def __call__(self, x):
        return super().__call__(x) * self.scale


x = jax.random.normal(jax.random.key(0), (2, 3))
EXAMPLES = [{"module": Logits(), "args": (x,)}, {"module": Scaled(), "args": (x,)}]
