"""Reading by position, slice, array, ellipsis and new axis, and writing with `.at`."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Windows(nn.Module):
    """Features of a time series."""

    @nn.compact
    def __call__(self, series, start):
        first, last = series[0], series[-1]
        trend = series[1:] - series[:-1]
        even = series[::2, None, 0]
        chosen = series[jnp.array([2, 0])]
        mean = series[..., 1:].mean(-1)
        at = series[start, start + 1]
        padded = jnp.zeros((6, 2)).at[1:5].set(series)
        summed = padded.at[0].add(first * last).at[5, 1].multiply(3)
        best = trend[jnp.argmax(mean[1:])]
        return first * last, trend, even, chosen, mean, at, summed, best


def example():
    return {"module": Windows(), "args": (jax.random.normal(jax.random.key(1), (4, 2)), 0)}
