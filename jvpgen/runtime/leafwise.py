"""A tangent as a list with an entry for each leaf of its primal, and back.

JAX's transforms know leaves only. An entry is None where the leaf does not move, so that nothing of it is traced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jvpgen.runtime.boundary import child_tangent, without_pairs
from jvpgen.runtime.record import Record, fields_of, form_of
from jvpgen.runtime.zero import Zero, is_inexact, is_zero, zero


def leaf_tangents(tangent: Any, primal: Any) -> list[Any]:
    """The tangents of `jax.tree.leaves(primal)`, each an array, or None for a leaf that does not move."""
    if tangent is None or is_zero(tangent):
        return [None] * len(jax.tree.leaves(primal))
    children: Any
    children, _ = jax.tree_util.tree_flatten_with_path(primal, is_leaf=lambda item: item is not primal)
    if len(children) == 1 and children[0][1] is primal:
        return [tangent if is_inexact(primal) else None]
    parts = [leaf_tangents(child_tangent(tangent, path[0]), child) for path, child in children]
    return [leaf for part in parts for leaf in part]


def tangent_form(primal: Any, leaves: Sequence[Any]) -> Any:
    """The tangent of `primal` as generated code uses it: containers, Records for users' classes, Zeros."""
    return form_in(jax.tree.structure(primal), primal, leaves)


def form_in(structure: Any, primal: Any, parts: Sequence[Any]) -> Any:
    """The same, for a primal that was made of parts in a structure: leaves, or trees in their places."""
    return _form(structure.unflatten([_Place(i) for i in range(len(parts))]), parts, primal)


class _Place:
    """Stands for leaf number `index`."""

    def __init__(self, index: int) -> None:
        self.index = index


def _form(counted: Any, tangents: Sequence[Any], primal: Any) -> Any:
    if isinstance(counted, _Place):
        tangent = tangents[counted.index]
        return zero(primal) if tangent is None else tangent
    kind = type(counted)
    if counted is None:
        return None
    if kind is list or kind is tuple:
        return kind([_form(c, tangents, p) for c, p in zip(counted, primal, strict=True)])
    if kind is dict:
        return {key: _form(counted[key], tangents, item) for key, item in primal.items()}  # JAX sorts the keys
    form = form_of(counted)
    if form is not None:
        parts = fields_of(primal)
        return Record({n: _form(c, tangents, parts[n]) for n, c in fields_of(counted).items()}, form)
    if isinstance(counted, jax.tree_util.Partial):
        parts = {name: _form(getattr(counted, name), tangents, getattr(primal, name)) for name in ("args", "keywords")}
        return Record(parts, "object")
    return Zero(primal)


def as_tree(primal: Any, leaves: Sequence[Any]) -> Any:
    """The tangents in the primal's own containers, None for what does not move: a tree that JAX can take along."""
    structure: Any = jax.tree.structure(primal)
    return structure.unflatten(leaves)


def of_tree(primal: Any, tree: Any) -> list[Any]:
    """The list that `as_tree` was made of; its leaves may have been changed since."""
    structure: Any = jax.tree.structure(primal)
    return list(structure.flatten_up_to(tree))


def instantiated(leaves: Sequence[Any], primal: Any, moves: Sequence[bool]) -> list[Any]:
    """The tangents with zeros for every leaf that `moves`, and None for the others, which have to be still."""
    parts = zip(leaves, jax.tree.leaves(primal), moves, strict=True)
    return [
        None if not alive else jnp.zeros_like(p) if leaf is None else leaf for leaf, p, alive in parts
    ]  # weak as `p`


def split_result(out: Any, out_dot: Any) -> tuple[Any, list[Any]]:
    """A result of generated code and the tangents of its leaves."""
    out, out_dot = without_pairs(out, out_dot)
    return out, leaf_tangents(out_dot, out)
