"""A mixture density network: submodules made in a generator, log-probabilities, logsumexp."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class MixtureDensity(nn.Module):
    components: int = 2

    @nn.compact
    def __call__(self, x, y):
        hidden = nn.tanh(nn.Dense(4)(x))
        weight, mean, spread = (
            nn.Dense(self.components, name=name)(hidden) for name in ("weight", "mean", "spread")
        )
        spread = nn.softplus(spread) + 1e-3
        error = ((y[:, None] - mean) / spread) ** 2
        log_density = -0.5 * error - jnp.log(spread) - 0.5 * jnp.log(2 * jnp.pi)
        return -jax.nn.logsumexp(nn.log_softmax(weight) + log_density, axis=-1).mean()


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 2, 3))
    return {"module": MixtureDensity(), "args": (x, y[:, 0]), "heavy": True}
