"""Submodules made in comprehensions with conditions and several loops are named in Python's order."""
# size: 10

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Comprehended(nn.Module):
    @nn.compact
    def __call__(self, inputs):
        table = {k: (nn.Dense(1)(v), nn.Dense(2)(v)) for k, v in inputs.items() if nn.Dense(3)(v).size}
        rows = [nn.Dense(1)(nn.Dense(2)(x)) + nn.Dense(1)(x) for x in inputs.values() for _ in range(x.ndim)]
        return table, rows, sum(nn.Dense(1)(x) for x in inputs.values()) if len(inputs) == 2 else 0


def example():
    a, b = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Comprehended(), "args": ({"a": a, "b": b},), "heavy": True}
