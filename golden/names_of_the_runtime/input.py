"""A user's own `zero`, `body`, `param`, `Pair` and `pushforward`."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def pushforward(x, body):
    return x * body


class Pair(nn.Module):
    @nn.compact
    def __call__(self, zero):
        param = self.param("param", nn.initializers.ones, zero.shape)
        return pushforward(zero, param) + jnp.ones((2, 1))


@jvpgen.derive
class Net(nn.Module):
    @nn.compact
    def __call__(self, x, tangent_numpy=None):
        body = Pair()(x)
        zero = nn.relu(body) if tangent_numpy is None else body
        return zero


def example():
    return {"module": Net(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
