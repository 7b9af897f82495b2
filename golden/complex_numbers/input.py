"""Complex values between real inputs and outputs."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Spectral(nn.Module):
    """A spectral convolution, as in Fourier neural operators."""

    @nn.compact
    def __call__(self, x):
        real = self.param("real", nn.initializers.normal(), (3,))
        imag = self.param("imag", nn.initializers.normal(), (3,))
        spectrum = jnp.fft.rfft(x) * (real + 1j * imag)
        y = jnp.fft.irfft(spectrum, n=x.shape[-1])
        return y, jnp.abs(spectrum), spectrum.real - jnp.imag(spectrum), jnp.conj(spectrum)


def example():
    return {"module": Spectral(), "args": (jax.random.normal(jax.random.key(1), (4,)),)}
