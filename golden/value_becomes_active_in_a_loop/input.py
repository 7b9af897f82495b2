"""A value that starts as a number or None and becomes active in a loop."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Portfolio(nn.Module):
    """Wealth after a few days of rebalancing."""

    @nn.compact
    def __call__(self, returns):
        weights = nn.softmax(self.param("logits", nn.initializers.zeros, (3,)))
        wealth, peak, drawdown = 1.0, None, 0.0
        state = jnp.zeros(3)
        for day in returns:
            wealth = wealth * (1 + weights @ day)
            peak = wealth if peak is None else jnp.maximum(peak, wealth)
            drawdown = jnp.maximum(drawdown, 1 - wealth / peak)
            state = 0.9 * state + day
        return jnp.log(wealth), drawdown, state


def example():
    return {"module": Portfolio(), "args": (0.1 * jax.random.normal(jax.random.key(1), (3, 3)),)}
