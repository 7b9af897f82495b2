"""Methods that call one another, with defaults and keywords."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class VAE(nn.Module):
    latents: int = 2

    def setup(self):
        self.encoder = nn.Dense(2 * self.latents)
        self.decoder = nn.Dense(4)

    def encode(self, x):
        mean, log_variance = jnp.split(self.encoder(x), 2, axis=-1)
        return mean, log_variance

    def sample(self, mean, log_variance, temperature=1.0):
        noise = jax.random.normal(self.make_rng("latents"), mean.shape)
        return mean + temperature * jnp.exp(0.5 * log_variance) * noise

    def decode(self, z):
        return nn.sigmoid(self.decoder(z))

    def __call__(self, x):
        mean, log_variance = self.encode(x)
        z = self.sample(mean, log_variance=log_variance)
        divergence = -0.5 * jnp.sum(1 + log_variance - mean**2 - jnp.exp(log_variance))
        return self.decode(z), divergence


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3, 4))
    rngs = {"latents": jax.random.key(5)}
    return [
        {"module": VAE(), "args": (x,), "rngs": rngs},
        {"module": VAE(), "args": (x[:, :2],), "method": "decode"},
        {"module": VAE(), "args": (x, x / 2, 0.3), "rngs": rngs, "method": "sample"},
    ]
