"""A Gaussian density: factors, determinants and eigenvalues of matrices have rules."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax.scipy.linalg import solve_triangular
from jax.scipy.stats import norm


@jvpgen.derive
class Gaussian(nn.Module):
    @nn.compact
    def __call__(self, x):
        mix = self.param("mix", nn.initializers.normal(1.0), (3, 3))
        covariance = mix @ mix.T + jnp.eye(3)
        factor = jnp.linalg.cholesky(covariance)
        white = solve_triangular(factor, x, lower=True)
        sign, log_volume = jnp.linalg.slogdet(covariance)
        density = norm.logpdf(white, 0.1).sum() - 0.5 * sign * log_volume
        values, vectors = jnp.linalg.eigh(covariance)
        return density, norm.logpdf(x, scale=jnp.sqrt(values)), jnp.abs(vectors)


def example():
    return {"module": Gaussian(), "args": (jax.random.normal(jax.random.key(1), (3,)),), "tolerance": 2e-4}
