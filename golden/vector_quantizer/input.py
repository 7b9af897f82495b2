"""Straight-through quantization: `stop_gradient` ends a tangent."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Quantizer(nn.Module):
    codes: int = 4

    @nn.compact
    def __call__(self, z):
        codebook = self.param("codebook", nn.initializers.uniform(), (self.codes, z.shape[-1]))
        distances = jnp.sum((z[:, None] - codebook) ** 2, axis=-1)
        index = jnp.argmin(distances, axis=-1)
        quantized = codebook[index]
        one_hot = jax.nn.one_hot(index, self.codes)
        loss = jnp.mean((jax.lax.stop_gradient(z) - quantized) ** 2)
        commitment = jnp.mean((z - jax.lax.stop_gradient(quantized)) ** 2)
        usage = one_hot.mean(0)
        perplexity = jnp.exp(-jnp.sum(usage * jnp.log(usage + 1e-10)))
        return z + jax.lax.stop_gradient(quantized - z), loss + 0.25 * commitment, perplexity


def example():
    return {"module": Quantizer(), "args": (jax.random.normal(jax.random.key(1), (3, 2)),)}
