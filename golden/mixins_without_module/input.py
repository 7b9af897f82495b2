"""Mixin classes that are no modules: what they read, a module that derives from them has."""
# size: 4.5

import dataclasses
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Scaling:
    eps = 1e-3

    def scaled(self, x):
        return x * self.scale

    def unit(self, x):
        return x / jnp.sqrt(jnp.sum(x**2, -1, keepdims=True) + self.eps)

    def projected(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (x.shape[-1], 3))
        return self.dense(self.unit(x @ w)) + self.scale

    @property
    def doubled(self):
        return 2 * self.scale

    @staticmethod
    def half(x):
        return jnp.sin(x) / 2

    @classmethod
    def counted(cls, x):
        return jnp.cos(x) * cls.count


class Stateful(Scaling):
    def scaled(self, x):
        return super().scaled(x) ** 2

    def averaged(self, x):
        mean = self.variable("stats", "mean", jnp.zeros, (3,))
        if not self.is_initializing():
            mean.value = mean.value * 0.9 + x.mean(0)
        self.sow("intermediates", "x", x)
        return mean.value * x

    def noisy(self, x):
        return x * jax.random.bernoulli(self.make_rng("dropout"), 0.5, x.shape)


@jvpgen.derive
class Plain(Scaling, nn.Module):
    """The attribute is a field, a number."""

    scale: float = 2.0

    @nn.compact
    def __call__(self, x):
        return jnp.tanh(self.scaled(x)) * self.doubled


@jvpgen.derive
class SetUp(Scaling, nn.Module):
    """The attribute is a parameter, another is a layer."""

    count = 3

    def setup(self):
        self.scale = self.param("scale", nn.initializers.normal(1.0), (3,))
        self.dense = nn.Dense(3)

    def __call__(self, x):
        x = self.counted(self.half(x)) * self.doubled
        return jax.vmap(self.scaled)(x) + jax.lax.map(self.unit, x)


@jvpgen.derive
class Property(Scaling, nn.Module):
    """The attribute is a property that makes a parameter, once."""

    @property
    def scale(self):
        return self.param("scale", nn.initializers.normal(1.0), (3,))

    @nn.compact
    def __call__(self, x):
        return self.scaled(x)


@jvpgen.derive
class Compact(Scaling, nn.Module):
    scale: Any = 0.5

    @nn.compact
    def __call__(self, x):
        return self.projected(x)

    def dense(self, x):
        return nn.Dense(3, name="last")(x)


@jvpgen.derive
class State(Stateful, nn.Module):
    scale: float = 2.0

    @nn.compact
    def __call__(self, x):
        return self.noisy(self.averaged(self.scaled(x)))


class Doubling:
    def double(self):
        return self.with_values(self.values * 2)

    def with_values(self, values):
        return dataclasses.replace(self, values=values)

    def joined(self, other):
        return self.joined_values(other.values)


@dataclasses.dataclass
class Vector(Doubling):
    values: Any

    def joined_values(self, values):
        return self.values * values

    @classmethod
    def tripled(cls, values):
        return cls(values * 3)


class Louder(Vector):
    def joined_values(self, values):
        return super().joined_values(values) + values


@jvpgen.derive
class Records(nn.Module):
    """Bases of classes of values: the attribute comes from the class that derives from them."""

    @nn.compact
    def __call__(self, x):
        vector = Vector(self.param("v", nn.initializers.normal(1.0), (3,)))
        other = Vector.tripled(x)
        return vector.double().joined(other) + Louder(x).joined(vector)


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1

EXAMPLES = [
    *({"module": module, "args": (X,)} for module in (Plain(), SetUp(), Property(), Records())),
    {"module": Compact(), "args": (X,)},
    {"module": State(), "args": (X,), "mutable": ["stats", "intermediates"], "rngs": {"dropout": jax.random.key(0)}},
]
