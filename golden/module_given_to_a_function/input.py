"""A helper that gets the module and makes parameters and submodules of it."""

import flax.linen as nn
import jax
import jvpgen


def projection(module, name, x, features):
    kernel = module.param(name, nn.initializers.lecun_normal(), (x.shape[-1], features))
    return x @ kernel + nn.Dense(features, name=f"{name}_dense", parent=module)(x)


@jvpgen.derive
class Projected(nn.Module):
    @nn.compact
    def __call__(self, x):
        query = projection(self, "query", x, 2)
        key = projection(self, "key", x, features=2)
        return query @ key.T


def example():
    return {"module": Projected(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
