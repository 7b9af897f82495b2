"""Attributes of modules that are reached through lists, dicts, loops, helpers and other modules: they may move."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Scale(nn.Module):
    """A layer whose factor and statistic others read."""

    features: int = 3

    def setup(self):
        self.factor = self.param("factor", nn.initializers.normal(), (self.features,))
        self.seen = self.variable("stats", "seen", jnp.ones, (self.features,))

    def get(self):
        return jnp.tanh(self.factor)

    def __call__(self, x):
        return x * self.factor


class Holder(nn.Module):
    def setup(self):
        self.inner = Scale()

    def __call__(self, x):
        return self.inner(x)


def made(count):
    return [Scale() for _ in range(count)]


def total(layer):
    return jnp.sum(layer.factor) + jnp.sum(layer.get())


@jvpgen.derive
class Model(nn.Module):
    def setup(self):
        self.first, self.second = Scale(), Scale()
        self.all = [self.first, self.second]
        self.named = {"first": self.first}
        self.again = self.second
        stack = []
        for _ in range(2):
            stack.append(Scale())
        self.stack = stack
        self.made = made(2)
        self.holder = Holder()
        self.pairs = [("a", Scale()), ("b", self.first)]

    def _by_place(self, x):
        return x * self.all[0].factor + self.named["first"].factor * self.all[-1].features

    def _by_loop(self, x):
        for layer in self.all:
            x = x * layer.factor
        for name, layer in self.named.items():
            x = x + layer.factor * len(name)
        for layer, other in zip(self.stack, self.all[::-1]):
            x = other(x) + layer.factor
        for name, layer in self.pairs:
            x = x - layer.factor
        return x

    def _by_comprehension(self, x):
        factors = list(map(lambda layer: layer.factor, self.stack))
        return x * sum(layer.factor for layer in self.made) + factors[0] * sum([layer.get() for layer in self.all])

    def _by_name(self, x):
        first, second = self.all
        chosen = max(self.all, key=lambda layer: layer.features)
        reads = lambda layer: layer.factor
        return first.factor + second.factor * self.again.factor + chosen.factor * reads(self.first) + x

    def _by_variable(self, x):
        return x * sum(layer.seen.value for layer in self.all) + self.holder.inner.factor

    def __call__(self, x):
        x = self.holder(x) + total(self.first) + total(self.stack[0])
        x = self._by_loop(self._by_place(x)) + self._by_comprehension(x)
        return self._by_name(x) + self._by_variable(x)


def example():
    return {"module": Model(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),), "heavy": True}
