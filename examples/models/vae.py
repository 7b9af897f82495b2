"""A variational autoencoder that draws its latent from an RNG stream of its own."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Encoder(nn.Module):
    """Mean and log-variance of the latent, given an image."""

    hidden: int
    latents: int

    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(self.hidden)(x))
        mean = nn.Dense(self.latents, name="mean")(x)
        log_variance = nn.Dense(self.latents, name="log_variance")(x)
        return mean, log_variance


class Decoder(nn.Module):
    """Logits of the pixels, given a latent."""

    hidden: int
    pixels: int

    @nn.compact
    def __call__(self, z):
        z = nn.relu(nn.Dense(self.hidden)(z))
        return nn.Dense(self.pixels)(z)


@jvpgen.derive
class VAE(nn.Module):
    """Encodes, draws a latent from the stream `"latent"`, and decodes."""

    pixels: int = 784
    hidden: int = 128
    latents: int = 16

    def setup(self):
        self.encoder = Encoder(self.hidden, self.latents)
        self.decoder = Decoder(self.hidden, self.pixels)

    def __call__(self, x):
        mean, log_variance = self.encoder(x)
        noise = jax.random.normal(self.make_rng("latent"), mean.shape)
        z = mean + jnp.exp(0.5 * log_variance) * noise
        return self.decoder(z), mean, log_variance

    def generate(self, z):
        """Pixel intensities between 0 and 1."""
        return nn.sigmoid(self.decoder(z))


@jvpgen.derive
def negative_elbo(logits, mean, log_variance, x):
    """Reconstruction error plus divergence from the prior, per image."""
    reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits, axis=-1)
    divergence = 0.5 * jnp.sum(
        jnp.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1
    )
    return jnp.mean(reconstruction + divergence)
