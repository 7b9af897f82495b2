"""Layers of Flax that are made of lifted transforms: recurrent ones, and norms of weights."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, xs):
        y = nn.RNN(nn.GRUCell(3))(xs)
        z = nn.Bidirectional(nn.RNN(nn.LSTMCell(3)), nn.RNN(nn.LSTMCell(3)))(y)
        return z


@jvpgen.derive
class Normed(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        y = nn.WeightNorm(nn.Dense(4))(x)
        z = nn.SpectralNorm(nn.Dense(4))(y, update_stats=train)
        return z


def EXAMPLES():
    key = jax.random.key(0)
    normal = jax.random.normal
    return [
        {"module": Recurrent(), "args": (normal(key, (2, 4, 3)),), "heavy": True},
        {"module": Normed(), "args": (normal(key, (2, 3)), True), "mutable": ["batch_stats"]},
        {"module": Normed(), "args": (normal(key, (2, 3)), False)},
    ]
