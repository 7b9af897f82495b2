"""Submodules made in `setup`, some of them in a list."""

import flax.linen as nn
import jax
import jvpgen


class Block(nn.Module):
    width: int

    def setup(self):
        self.norm = nn.LayerNorm()
        self.wide = nn.Dense(2 * self.width)
        self.narrow = nn.Dense(self.width)

    def __call__(self, x):
        return x + self.narrow(nn.relu(self.wide(self.norm(x))))


@jvpgen.derive
class Tower(nn.Module):
    width: int = 4
    depth: int = 2

    def setup(self):
        self.blocks = [Block(self.width) for _ in range(self.depth)]
        self.head = nn.Dense(3)

    def __call__(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def example():
    return {"module": Tower(), "args": (jax.random.normal(jax.random.key(1), (2, 4)),)}
