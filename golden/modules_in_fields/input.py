"""Modules given to modules: in a field, a list, a dict, nested."""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jvpgen


class Pipeline(nn.Module):
    head: nn.Module
    stages: Sequence[nn.Module] = ()
    extras: dict | None = None

    @nn.compact
    def __call__(self, x):
        for stage in self.stages:
            x = stage(x)
        if self.extras:
            x = self.extras["mix"](x)
        return self.head(nn.Dense(2)(x))


@jvpgen.derive
class Assembled(nn.Module):
    outer: nn.Module

    @nn.compact
    def __call__(self, x):
        first = Pipeline(nn.Dense(2), stages=[nn.Dense(3), nn.LayerNorm()])
        second = Pipeline(Pipeline(nn.Dense(2)), extras={"mix": nn.Dense(2)})
        return self.outer(first(x) + second(x)) - first(x)


def example():
    module = Assembled(nn.Sequential([nn.Dense(2), nn.relu]))
    return {"module": module, "args": (jax.random.normal(jax.random.key(1), (2, 3)),), "heavy": True}
