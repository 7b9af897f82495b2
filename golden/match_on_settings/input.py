"""`match` on what does not move: literals, classes, sequences, mappings, guards, names of an enumeration."""

import dataclasses
import enum
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


class Kind(enum.Enum):
    SINE = 1
    SQUARE = 2


@dataclasses.dataclass(frozen=True)
class Pool:
    size: int
    kind: str = "average"


class Size(NamedTuple):
    width: int
    name: str


@jvpgen.derive
class Configured(nn.Module):
    act: Any = "tanh"
    spec: Any = 3
    kind: Kind = Kind.SINE

    @nn.compact
    def __call__(self, x, mode="full"):
        match self.act:
            case "tanh":
                x = jnp.tanh(x)
            case "gelu" | "relu" as name:  # a layer by its name
                x = getattr(nn, name)(x)
            case None:
                pass
            # whatever else
            case _:
                x = jnp.sin(x)
        match self.spec:
            case int(n) if n > 2:
                x = nn.Dense(n)(x)
            case Pool(size=n, kind="average"):
                x = nn.Dense(n)(x)
            case Pool(n):
                x = nn.Dense(n + 1)(x)
            case Size(width, name=name):
                x = nn.Dense(width, name=name)(x)
            case [first, *rest]:
                for n in (first, *rest):
                    x = nn.Dense(n)(x)
            case {"features": n, **options}:
                x = nn.Dense(n, **options)(x)
            case other:
                raise ValueError(other)
        match x.shape, self.kind:
            case (_, 3), Kind.SINE:
                x = jnp.sin(x)
            case (_, n), Kind.SQUARE | Kind.SINE:
                x = x**2 * n
        match mode:
            case "full":
                return nn.Dense(1)(x)
            case _:
                return x


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1

EXAMPLES = [
    {"module": Configured("tanh", 3), "args": (X,)},
    {"module": Configured("gelu", Pool(2)), "args": (X,)},
    {"module": Configured(None, Pool(2, "maximum"), Kind.SQUARE), "args": (X,)},
    {"module": Configured("sin", (2, 4)), "args": (X, "half")},
    {"module": Configured("relu", {"features": 2, "use_bias": False}), "args": (X,)},
    {"module": Configured("tanh", Size(3, "wide")), "args": (X,)},
]
