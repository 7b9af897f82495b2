"""A helper, and a module around another, store what moves in a variable that the other module holds."""

import flax.linen as nn
import jax
import jax.numpy as jnp

import jvpgen


class Counter(nn.Module):
    def setup(self):
        self.total = self.variable("state", "total", jnp.ones, (3,))
        self.dropout = nn.Dropout(0.5)

    def __call__(self, x):
        return x * self.total.value


def add(counter: nn.Module, x):
    counter.total.value = counter.total.value + x.mean(0)
    return counter.dropout(x, deterministic=True)


@jvpgen.derive
class Around(nn.Module):
    def setup(self):
        self.counter = Counter()

    def __call__(self, x):
        x = add(self.counter, x)
        self.counter.total.value = self.counter.total.value * jnp.sum(x)
        return self.counter(x)


EXAMPLES = [
    {
        "module": Around(),
        "args": (jax.random.normal(jax.random.key(0), (2, 3)),),
        "mutable": ["state"],
    }
]
