"""`jax.lax` for tangents: its linear functions, which take Zeros and give Zeros where nothing moves."""

from typing import Any

from jax import lax

from jvpgen.runtime.on_tangents import function_on_tangents


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    value = globals()[name] = function_on_tangents(lax, name)
    return value
