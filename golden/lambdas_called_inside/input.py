"""A function that is only called in comprehensions, generators and other functions has a derivative all the same."""
# size: 5

import flax.linen as nn
import jax.numpy as jnp

import jvpgen


@jvpgen.derive
class Schedule(nn.Module):
    """The cosine schedule of a diffusion model at two times, and its rate."""

    @nn.compact
    def __call__(self, t, s):
        alpha = lambda u: jnp.cos(u) ** 2  # noqa: E731
        at, earlier = (alpha(u) for u in (t, s))
        rates = [alpha(u) * u for u in (t, s)]
        logit = lambda v: jnp.log(sigma(v))  # noqa: E731
        sigma = lambda v: nn.sigmoid(v)  # noqa: E731

        def shifted(q):
            return beta(q) + 1.0

        beta = lambda q: jnp.sin(q)  # noqa: E731
        return at * earlier, rates, logit(t) * shifted(s)


def example():
    t = jnp.array([0.3, 0.5])
    return {"module": Schedule(), "args": (t, t - 0.1)}
