"""One real model: how it is made in a tiny configuration, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

IDS = jnp.arange(16).reshape(2, 8)
MASK = jnp.ones((2, 8), "i4").at[1, 6:].set(0)
TYPES = jnp.zeros_like(IDS)
POSITIONS = jnp.broadcast_to(jnp.arange(8), (2, 8))
IMAGES = jax.random.normal(jax.random.key(1), (2, 16, 16, 3))


@dataclass(frozen=True)
class Model:
    """A row of a table of models: `make()` returns the module and its variables, `args` and `kwargs` are its call's."""

    name: str
    make: Callable[[], tuple[Any, Any]]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def filled(shapes: Any) -> Any:
    """Variables of the given shapes: small random numbers, around one where they scale or are variances."""
    random = np.random.default_rng(0)

    def value(path: Any, leaf: Any) -> Any:
        if not jnp.issubdtype(leaf.dtype, jnp.inexact):
            return jnp.zeros(leaf.shape, leaf.dtype)
        middle = 1.0 if path[-1].key in ("scale", "var", "weight") else 0.0
        return jnp.asarray(middle + 0.1 * random.normal(size=leaf.shape), leaf.dtype)

    return jax.tree_util.tree_map_with_path(value, shapes)
