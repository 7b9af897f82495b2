"""The double `where` that keeps nan out of both halves, and reductions under a mask."""
# size: 4

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class LogLikelihood(nn.Module):
    @nn.compact
    def __call__(self, rates, counts):
        valid = rates > 0
        log_rates = jnp.where(valid, jnp.log(jnp.where(valid, rates, 1.0)), 0.0)
        terms = counts * log_rates - rates
        mean = jnp.mean(terms, where=valid)
        top = jnp.max(terms, initial=-10.0, where=valid)
        return jnp.sum(terms, where=valid) + mean, top, jnp.nan_to_num(log_rates), valid.any()


def example():
    return {"module": LogLikelihood(), "args": (jnp.array([0.0, 1.5, -2.0, 3.0]), jnp.array([1, 2, 0, 3]))}
