"""Random draws, parameters and submodules in the order in which Python evaluates them."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Diffusion(nn.Module):
    """Noise prediction at a random time, with random conditioning dropout."""

    @nn.compact
    def __call__(self, x, label):
        def key():
            return self.make_rng("noise")

        pair = (jax.random.uniform(key()), jax.random.normal(key(), x.shape))
        t, noise = pair
        noisy = jnp.sqrt(1 - t) * x + jnp.sqrt(t) * noise
        hidden = nn.Dense(3)(noisy) * nn.sigmoid(nn.Dense(3)(label)) + jax.random.normal(key(), (3,))
        keep = label if jax.random.bits(key()).dtype == jnp.uint32 else label * jax.random.uniform(key())
        table = {"b": nn.Dense(2)(keep), "a": jax.random.normal(self.make_rng("noise"), (2,)) * hidden.sum()}
        return table, [jax.random.uniform(key()) * x for _ in range(2)]


def example():
    x, label = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Diffusion(), "args": (x, label), "heavy": True, "rngs": {"noise": jax.random.key(9)}}
