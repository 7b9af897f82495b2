"""Coupling layers with log-determinants, and an inverse as another method."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Coupling(nn.Module):
    flip: bool

    @nn.compact
    def __call__(self, x, inverse=False):
        a, b = jnp.split(x[..., ::-1] if self.flip else x, 2, axis=-1)
        log_scale, shift = jnp.split(nn.Dense(2 * b.shape[-1])(nn.tanh(nn.Dense(3)(a))), 2, -1)
        if inverse:
            b = (b - shift) * jnp.exp(-log_scale)
        else:
            b = b * jnp.exp(log_scale) + shift
        y = jnp.concatenate([a, b], axis=-1)
        return y[..., ::-1] if self.flip else y, log_scale.sum(-1)


@jvpgen.derive
class Flow(nn.Module):
    depth: int = 2

    def setup(self):
        self.layers = [Coupling(bool(i % 2)) for i in range(self.depth)]

    def __call__(self, x):
        log_det = 0.0
        for layer in self.layers:
            x, term = layer(x)
            log_det += term
        return -0.5 * jnp.sum(x**2, -1) + log_det

    def inverse(self, z):
        for layer in self.layers[::-1]:
            z, _ = layer(z, inverse=True)
        return z


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4))
    return [{"module": Flow(), "args": (x,)}, {"module": Flow(), "args": (x,), "method": "inverse", "heavy": True}]
