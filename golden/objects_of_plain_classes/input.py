"""Objects of plain classes, made of what moves: distributions, accumulators, objects of objects."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp

import jvpgen


class Distribution:
    temperature = 2.0

    def log_prob(self, value):
        raise NotImplementedError

    def scaled(self):
        return self.mode() / self.temperature


class Gaussian(Distribution):
    def __init__(self, parameters, deterministic=False, *, floor=None):
        self.mean, self.logvar = jnp.split(parameters, 2, axis=-1)
        self.logvar = jnp.clip(self.logvar, -30.0, 20.0)
        self.deterministic = deterministic
        self.std = jnp.exp(0.5 * self.logvar)
        if floor is not None:
            self.std = self.std + floor
        if self.deterministic:
            self.std = jnp.zeros_like(self.mean)

    def sample(self, key):
        return self.mean + self.std * jax.random.normal(key, self.mean.shape)

    def mode(self):
        return self.mean

    @property
    def variance(self):
        return self.std**2

    def kl(self, other):
        return jnp.sum((self.mean - other.mean) ** 2 / other.variance + other.logvar - self.logvar)


class Total:
    def __init__(self, start):
        self.value = start
        self.count = 0
        self.seen = []

    def add(self, value):
        self.value = self.value + value
        self.count += 1
        self.seen.append(value)
        return self

    def mean(self):
        return self.value / self.count + self.seen[0]


class Both:
    def __init__(self, first, second):
        self.parts = [first, second]
        self.first = first

    def modes(self):
        return [part.mode() for part in self.parts]


def divergence(one, other):
    return one.kl(other) + other.scaled().sum()


@jvpgen.derive
class Encoder(nn.Module):
    def encode(self, x):
        return Gaussian(nn.Dense(4)(x), floor=self.param("floor", nn.initializers.ones, ()))

    @nn.compact
    def __call__(self, x):
        posterior = self.encode(x)
        prior = Gaussian(jnp.ones((2, 4)))
        y = posterior.sample(jax.random.key(1)) + posterior.mode() * posterior.variance
        y = y + posterior.logvar + divergence(posterior, prior) + divergence(prior, posterior)
        if not posterior.deterministic:
            y = y * posterior.scaled()
        fixed = Gaussian(jnp.sin(y), deterministic=True)
        return y + fixed.sample(jax.random.key(2))


@jvpgen.derive
class Holder(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (4,))
        total = Total(w)
        for row in x:
            total.add(row).add(2 * row)
        both = Both(Gaussian(x * w), Gaussian(x + w))
        first, second = both.modes()
        named = {"both": both, "all": [Gaussian(x), both.first]}
        return total.mean(), first * second, named["all"][1].std + named["both"].first.mode()


x = jax.random.normal(jax.random.key(0), (2, 3))
EXAMPLES = [
    {"module": Encoder(), "args": (x,)},
    {"module": Holder(), "args": (jax.random.normal(jax.random.key(0), (2, 4)),)},
]
