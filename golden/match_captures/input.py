"""What a pattern captures of a list, a dict or a record that moves keeps its tangent."""
# size: 4

from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
import jvpgen
from flax import struct


class Point(NamedTuple):
    first: Any
    second: Any


@struct.dataclass
class State:
    hidden: Any
    steps: int = struct.field(pytree_node=False, default=2)

    @property
    def norm(self):
        return jnp.sqrt(jnp.sum(self.hidden**2))


@jvpgen.derive
class Batches(nn.Module):
    @nn.compact
    def __call__(self, batch):
        match batch:
            case {"x": x, "y": y}:
                h = x * y
            case {"x": x, **rest}:
                h = jnp.sin(x) + sum(rest.values())
            case (x, y):
                h = x + y**2
            case [x, *middle, y]:
                h = x * y
                for item in middle:
                    h = h * item
            case State(norm=norm) as state:
                h = state.hidden * norm
            case _:
                h = batch**3
        return jnp.tanh(h)


@jvpgen.derive
class Displays(nn.Module):
    @nn.compact
    def __call__(self, x, state=None):
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        a, b = x, x * w
        match a, b:
            case b, a:  # exchanged
                pass
        match Point(a, State(b)):
            case Point(x, State(hidden, steps=2)):
                y = x * hidden
        match [x, {"k": (y, 2.0), "z": w, "q": b}]:
            case [x, {"k": (y, float(f)), **rest}]:
                y = y * f + sum(rest.values())
        for i in range(4):
            match i, state:
                case 0, None:
                    state = (x, x + 1)
                case 1, (u, v):
                    x = u * v
                    continue
                case n, (u, v) if n > 2:
                    x = x * u + n
                    break
                case _, other:
                    x = x + other[0]
        else:
            x = x * 2
        return self.picked((x, y), a)

    def picked(self, pair, a):
        match (pair, a * 2):
            case ((x, y), c) if c.ndim > 1:
                return x * y * c
            case ((x, _), c):
                return x * c


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1
BATCHES = [{"x": X, "y": X + 1}, {"x": X, "z": X + 1, "v": X}, (X, X + 1), [X, X + 1, X + 2], State(X), X]

EXAMPLES = [
    *({"module": Batches(), "args": (batch,)} for batch in BATCHES),
    {"module": Displays(), "args": (X,)},
]
