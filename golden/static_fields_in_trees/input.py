# size: 7.5
"""Fields of a `flax.struct` that are no leaves go through `jax.tree.map` as they are, and have no tangent after it."""

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@flax.struct.dataclass
class Polynomial:
    base: jax.Array
    shift: jax.Array
    power: int = flax.struct.field(pytree_node=False, default=3)

    def value(self, scale):
        return self.base**self.power + self.shift * scale


@jvpgen.derive
class Program(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        mapped = jax.tree.map(lambda a: jnp.sin(a) * y, Polynomial(x, y))
        leaves, structure = jax.tree.flatten(mapped)
        again = jax.tree.unflatten(structure, [leaf * 2 for leaf in leaves])
        pairs = jax.tree.map(lambda a, b: {"sum": a + b, "product": a * b}, mapped, again)
        return mapped.value(x), again.value(y), mapped.power * x, pairs.base["product"] ** pairs.power


def example():
    x, y = jax.random.uniform(jax.random.key(0), (2, 3), minval=0.5)
    return {"module": Program(), "args": (x, y)}
