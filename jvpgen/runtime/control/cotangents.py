"""Cotangents of a value and its tangent together, and tangents of what is itself a tangent or cotangent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jvpgen.runtime.leafwise import as_tree
from jvpgen.runtime.zero import instantiate, is_inexact


def of_both(
    cotangent: Any, cotangent_dot: Sequence[Any], moves: Sequence[bool], moving: Sequence[Any]
) -> tuple[Any, list[Any]]:
    """What is pulled back for the tangent of a pullback: `moving` are the tangents of the leaves that move."""
    leaves = jax.tree.leaves(cotangent)
    with_value = as_tree(cotangent, [filled(dot, leaf) for dot, leaf in zip(cotangent_dot, leaves, strict=True)])
    with_tangent = [leaf for leaf, alive in zip(leaves, moves, strict=True) if alive]
    return with_value, [jnp.asarray(leaf, dot.dtype) for leaf, dot in zip(with_tangent, moving, strict=True)]


def filled(tangent: Any, value: Any) -> Any:
    """The tangent of a tangent or cotangent, zeros included; an integer's stays what it is."""
    if getattr(value, "dtype", None) == jax.dtypes.float0:
        return value
    return instantiate(tangent, value) if is_inexact(value) else np.zeros(np.shape(value), jax.dtypes.float0)


def moving_leaves(values: Any) -> list[Any]:
    """The leaves, None for those that are no numbers."""
    return [None if leaf.dtype == jax.dtypes.float0 else leaf for leaf in jax.tree.leaves(values)]
