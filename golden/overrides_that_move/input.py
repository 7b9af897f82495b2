"""What a base class takes for constant, a subclass overrides by something that moves: the base's bodies step aside."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Base(nn.Module):
    offset = 1.0

    def setup(self):
        self.dense = nn.Dense(3)
        self.scale = self.make_scale()

    def make_scale(self):
        return 2.0

    @staticmethod
    def act(x):
        return 1.0

    def mask(self, x):
        return jnp.ones(x.shape[-1])

    @property
    def gain(self):
        return self.factor()

    @nn.nowrap
    def factor(self):
        return 3.0

    def __call__(self, x):
        x = self.dense(x) * self.scale
        return x * self.act(x) * self.mask(x) * self.gain + self.offset


@jvpgen.derive
class ScaleInSetup(Base):  # W: JVP403
    def make_scale(self):
        return self.param("scale", nn.initializers.ones, (3,))


@jvpgen.derive
class FunctionFromProperty(Base):
    @property
    def act(self):
        return jnp.sin


@jvpgen.derive
class FunctionInField(Base):
    act: Callable = jnp.sin


@jvpgen.derive
class FunctionInClass(Base):
    act = staticmethod(jnp.sin)


@jvpgen.derive
class ModuleInField(Base):
    mask: nn.Module = None


@jvpgen.derive
class NumberInField(Base):
    gain: float = 2.0


@jvpgen.derive
class FactorOfProperty(Base):  # W: JVP403
    @nn.nowrap
    def factor(self):
        return self.dense(jnp.ones(3))


@jvpgen.derive
class PropertyForConstant(Base):
    @property
    def offset(self):
        return self.dense(jnp.ones(3))


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    modules = [
        ScaleInSetup(),
        FunctionFromProperty(),
        FunctionInField(),
        FunctionInClass(),
        ModuleInField(mask=nn.Dense(3)),
    ]
    modules += [NumberInField(), FactorOfProperty(), PropertyForConstant()]
    return [{"module": module, "args": (x,), "opaque": True, "heavy": True} for module in modules]
