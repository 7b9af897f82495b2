"""A draw inside of an expression happens once, for the value and its tangent."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = x * jax.random.bernoulli(self.make_rng("drop"), 0.5, x.shape)
        noise = jax.random.normal(self.make_rng("noise"), x.shape)
        scale = self.param("scale", nn.initializers.ones, x.shape[-1:])
        return x * scale + noise * jax.random.uniform(self.make_rng("noise")) * scale**2


def example():
    return {
        "module": Noisy(),
        "args": (jax.random.normal(jax.random.key(1), (3, 4)),),
        "rngs": {"drop": jax.random.key(2), "noise": jax.random.key(3)},
    }
