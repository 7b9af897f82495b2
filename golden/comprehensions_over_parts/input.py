"""A comprehension may run over parts of what it runs over, and over what a module's own `items` returns."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


class Bank(nn.Module):
    def setup(self):
        self.scale = self.param("scale", nn.initializers.ones, (3,))

    def items(self):
        return [("one", self.scale), ("two", self.scale * 2)]

    def values(self):
        return [self.scale, self.scale * 3]


@jvpgen.derive
class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        grid = [[x * i, x] for i in range(2)]
        flat = [value for row in grid for value in row if value is not x]
        pairs = {(i, j): value * j for i, row in enumerate(grid) for j, value in enumerate(row)}
        bank = Bank()
        scaled = {name: value * x for name, value in bank.items()}
        for name, value in bank.items():
            scaled[name] = scaled[name] + value
        return flat, list(pairs.values()), scaled, [value * x for value in bank.values()]


def example():
    return {"module": Nested(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
