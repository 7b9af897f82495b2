"""The variables of a comprehension do not touch locals of the same name, also where it becomes a loop."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Ensemble(nn.Module):
    @nn.compact
    def __call__(self, x, parts):
        i = 10
        hidden = [nn.Dense(2)(x) for i, x in enumerate(parts)]
        squares = [x**2 for x in hidden]
        named = {str(i): nn.Dense(1)(x) + i for i, x in enumerate(squares)}
        return x * i + sum(jnp.sum(h) for h in hidden), named


def example():
    x, *parts = jax.random.normal(jax.random.key(1), (3, 2))
    return {"module": Ensemble(), "args": (x, parts)}
