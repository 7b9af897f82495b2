"""Fields that hold functions, classes and `functools.partial`; what they are is known at run time."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen

ModuleDef = Any


class ResidualBlock(nn.Module):
    features: int
    conv: ModuleDef
    norm: ModuleDef
    act: Callable

    @nn.compact
    def __call__(self, x):
        y = self.conv(self.features, (3,))(x)
        y = self.act(self.norm()(y))
        return x + self.norm(scale_init=nn.initializers.zeros)(y)


@jvpgen.derive
class ResNet(nn.Module):
    block: type[nn.Module] = ResidualBlock
    norm: ModuleDef = partial(nn.GroupNorm, num_groups=1)
    act: Callable = nn.relu
    pool: Callable = partial(jnp.mean, axis=(-2, -1))

    @nn.compact
    def __call__(self, x):
        conv = partial(nn.Conv, use_bias=False)
        block = partial(self.block, conv=conv, norm=self.norm, act=self.act)
        x = block(2)(x)
        return self.pool(x)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4, 2))
    return [
        {"module": ResNet(), "args": (x,), "heavy": True},
        {"module": ResNet(norm=nn.LayerNorm, act=partial(nn.leaky_relu, negative_slope=0.3)), "args": (x,), "heavy": True},
    ]
