"""`jax.numpy` for tangents: its linear functions, which take Zeros and give Zeros where nothing moves."""

from typing import Any

import jax.numpy as jnp

from jvpgen.rules import RULES
from jvpgen.runtime.linear_calls import linear_call
from jvpgen.runtime.on_tangents import function_on_tangents


class at:
    """`at(x_dot)[index].set(values_dot)`: the update of one tangent by another, either of which may be a Zero."""

    def __init__(self, tangent: Any, index: Any = None) -> None:
        self._tangent, self._index = tangent, index

    def __getitem__(self, index: Any) -> "at":
        return at(self._tangent, index)

    def __getattr__(self, method: str) -> Any:
        rule = RULES[f"array.at.{method}"]

        def update(tangent: Any, index: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(tangent.at[index], method)(*args, **kwargs)

        return lambda *args, **kwargs: linear_call(update, rule, (self._tangent, self._index, *args), kwargs)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    value = globals()[name] = function_on_tangents(jnp, name)
    return value
