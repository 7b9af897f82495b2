"""Lambdas and nested functions that return functions over active values, and helpers that compose them."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def compose(*functions):
    def run(x):
        for function in functions:
            x = function(x)
        return x

    return run


@jvpgen.derive
class Curried(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        scale = lambda u: lambda w: w * u * x

        def shift_by(u):
            def shifted(w):
                return w * u + x

            return shifted

        model = compose(shift_by(y), jnp.sin, nn.Dense(3), scale(y))
        return model(x), scale(y)(y)


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Curried(), "args": (x, y)}
