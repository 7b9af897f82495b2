"""The public boundary: tangents as users give them, checked and made sparse; tangents as users get them, complete.

Users give trees with the structure of the primals, or parts of them: None, missing keys, FrozenDicts, numpy arrays,
float0. Whatever does not fit is named by its path. Users get the primal's structure, shapes and dtypes, float0 for
integers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.core import meta

from jvpgen.runtime.pair import Pair, anchor
from jvpgen.runtime.record import Record, fields_of, form_of
from jvpgen.runtime.zero import Zero, is_inexact, is_zero, like_of, materialise_leaf, zero

# --- In ---------------------------------------------------------------------------------------------------------------


def arguments(primals: Sequence[Any], tangents: Sequence[Any] | None) -> list[Any]:
    """Arguments on entry: those that move as Pairs."""
    if tangents is None:
        tangents = [None] * len(primals)
    if len(primals) != len(tangents):
        raise ValueError(f"{len(primals)} primals but {len(tangents)} tangents")
    args = [p if t is None else Pair(p, t) for p, t in zip(primals, tangents, strict=True)]
    return [argument(value, f"tangents[{i}]") for i, value in enumerate(args)]


def named_arguments(kwargs: Mapping[str, Any], keywords: Mapping[str, Any] | Pair | None) -> dict[str, Any]:
    """Keyword arguments on entry: those given as such, and those of a mapping, which may be a Pair of mappings."""
    values, tangents = keywords if isinstance(keywords, Pair) else (keywords or {}, {})
    moving = {} if is_zero(tangents) else dict(tangents)
    unknown = [name for name in moving if name not in values]
    if unknown:
        raise ValueError(f"a tangent for {unknown[0]!r}, which is no argument of this call; it has {list(values)}")
    twice = [name for name in values if name in kwargs]
    if twice:
        raise TypeError(f"multiple values for keyword argument {twice[0]!r}")
    paired = {name: value if moving.get(name) is None else Pair(value, moving[name]) for name, value in values.items()}
    return {name: argument(value, name) for name, value in {**kwargs, **paired}.items()}


def argument(value: Any, name: str) -> Any:
    """An argument on entry: arrays are JAX's, tangents fit, and what does not move is no Pair."""
    if not isinstance(value, Pair):
        return numpy_leaves(value)
    primal, tangent = checked(value.tangent, numpy_leaves(value.primal), name)
    return primal if is_zero(tangent) else Pair(primal, tangent)


def array_leaves(tree: Any) -> Any:
    """Numpy's and Python's floats become JAX arrays; integers stay, since they may be static."""
    return jax.tree.map(_as_array, tree)


def _as_array(leaf: Any) -> Any:
    if isinstance(leaf, jax.Array):
        return leaf
    if isinstance(leaf, float | complex) or (isinstance(leaf, np.ndarray | np.generic) and is_inexact(leaf)):
        return jnp.asarray(leaf)
    return leaf


def numpy_leaves(tree: Any) -> Any:
    """Numpy's floating arrays become JAX arrays; everything else, static numbers among it, stays."""
    if isinstance(tree, np.ndarray | np.generic) and is_inexact(tree):
        return jnp.asarray(tree)
    kind = type(tree)
    if kind is list or kind is tuple:
        return kind([numpy_leaves(item) for item in tree])
    if kind is dict:
        return {key: numpy_leaves(item) for key, item in tree.items()}
    return tree


def checked(tangent: Any, primal: Any, name: str) -> tuple[Any, Any]:
    """The primal as JAX arrays where it moves, and its tangent with Zeros; raises, with the path, if they differ."""
    if tangent is None or isinstance(tangent, Zero):
        return primal, zero(primal)
    if isinstance(primal, meta.AxisMetadata):
        inner = tangent.unbox() if isinstance(tangent, meta.AxisMetadata) else tangent
        value, value_dot = checked(inner, primal.unbox(), name)
        return primal.replace_boxed(value), value_dot if is_zero(value_dot) else primal.replace_boxed(value_dot)
    if isinstance(primal, Mapping):
        return _checked_mapping(tangent, primal, name)
    if isinstance(primal, list | tuple):
        return _checked_sequence(tangent, primal, name)
    if form_of(primal) == "object":
        fields = _moving_fields(primal).items()
        parts = {key: checked(getattr(tangent, key, None), part, f"{name}.{key}") for key, part in fields}
        moving = {key: part for key, (part, _) in parts.items() if part is not getattr(primal, key)}
        held = {key: parts[key][1] if key in parts else zero(part) for key, part in fields_of(primal).items()}
        return _replaced(primal, moving), Record(held, "object")
    return _checked_leaf(tangent, primal, name)


def _moving_fields(primal: Any) -> dict[str, Any]:
    """The fields of a dataclass but those that JAX takes for constant: a tangent holds their values again."""
    constant = {field.name for field in dataclasses.fields(primal) if field.metadata.get("pytree_node") is False}
    return {name: part for name, part in fields_of(primal).items() if name not in constant}


def _replaced(primal: Any, changed: Mapping[str, Any]) -> Any:
    return dataclasses.replace(primal, **changed) if changed else primal


def _checked_mapping(tangent: Any, primal: Mapping[Any, Any], name: str) -> tuple[Any, Any]:
    if not isinstance(tangent, Mapping | Record):
        raise TypeError(f"{name}: {type(tangent).__name__}, expected a mapping with keys {list(primal)}")
    unknown = [key for key in tangent if key not in primal]
    if unknown:
        raise ValueError(f"{name}[{unknown[0]!r}]: no such entry; expected keys {list(primal)}")
    parts = {key: checked(tangent.get(key), part, f"{name}[{key!r}]") for key, part in primal.items()}
    values, moving = {key: v for key, (v, _) in parts.items()}, {key: t for key, (_, t) in parts.items()}
    if all(values[key] is primal[key] for key in primal):
        return primal, moving
    kind = type(primal)
    return (values if kind is dict else kind(**values) if hasattr(kind, "to_tuple") else kind(values)), moving  # type: ignore[call-arg]


def _checked_sequence(tangent: Any, primal: Any, name: str) -> tuple[Any, Any]:
    if not isinstance(tangent, list | tuple | Record) or len(tangent) != len(primal):
        given = f"length {len(tangent)}" if isinstance(tangent, list | tuple) else type(tangent).__name__
        raise ValueError(f"{name}: {given}, expected {type(primal).__name__} of length {len(primal)}")
    parts = [checked(t, p, f"{name}[{i}]") for i, (t, p) in enumerate(zip(tangent, primal, strict=True))]
    values, moving = [value for value, _ in parts], [t for _, t in parts]
    if hasattr(primal, "_make"):
        fields = dict(zip(primal._fields, moving, strict=True))
        return primal._make(values), Record(fields, form_of(primal) or "tuple")
    return type(primal)(values), type(primal)(moving)


def _checked_leaf(tangent: Any, primal: Any, name: str) -> tuple[Any, Any]:
    like = like_of(primal)
    if like is None:
        raise TypeError(f"{name}: a tangent for a static value of type {type(primal).__name__}")
    if getattr(tangent, "dtype", None) == jax.dtypes.float0:
        if tuple(tangent.shape) != tuple(like.shape):
            raise ValueError(f"{name}: shape {tuple(tangent.shape)}, expected {tuple(like.shape)}")
        if jnp.issubdtype(like.dtype, jnp.inexact):
            raise TypeError(f"{name}: dtype float0, expected {like.dtype}")
        return primal, zero(primal)
    if not isinstance(tangent, jax.Array | np.ndarray | np.generic | int | float | complex):
        raise TypeError(f"{name}: {type(tangent).__name__}, expected an array of shape {tuple(like.shape)}")
    if not jnp.issubdtype(like.dtype, jnp.inexact):
        raise TypeError(f"{name}: a tangent for a primal of dtype {like.dtype}; it must be None or float0")
    tangent = jnp.asarray(tangent, like.dtype if isinstance(tangent, int | float | complex) else None)
    if tuple(tangent.shape) != tuple(like.shape):
        raise ValueError(f"{name}: shape {tuple(tangent.shape)}, expected {tuple(like.shape)}")
    if tangent.dtype != like.dtype:
        raise TypeError(f"{name}: dtype {tangent.dtype}, expected {like.dtype}")
    return _as_array(primal), tangent


# --- Out --------------------------------------------------------------------------------------------------------------


def materialised(tangent: Any, primal: Any) -> Any:
    """The tangent with the primal's structure, classes, shapes and dtypes; nothing lazy is left in it."""
    if primal is None:
        return None
    if isinstance(primal, meta.AxisMetadata):
        inner = tangent.unbox() if isinstance(tangent, meta.AxisMetadata) else None if is_zero(tangent) else tangent
        return primal.replace_boxed(materialised(inner, primal.unbox()))
    if like_of(primal) is not None:
        return _materialised_leaf(tangent, primal)
    leaves = jax.tree.leaves(primal)
    if not leaves:
        return primal
    if leaves[0] is primal:  # a leaf, but no array
        return materialise_leaf(primal)
    return _materialised_tree(tangent, primal)


def _materialised_leaf(tangent: Any, primal: Any) -> Any:
    if tangent is None or isinstance(tangent, Zero) or not is_inexact(primal):
        return materialise_leaf(primal)
    if isinstance(tangent, int | float | complex):  # of numbers that are summed, as in `sum([]) / n`
        return jnp.full_like(materialise_leaf(primal), tangent)
    return anchor(tangent, primal)


def _materialised_tree(tangent: Any, primal: Any) -> Any:
    """One level of a container: its children, found by how JAX itself takes the primal apart."""
    children: Any
    structure: Any
    children, structure = jax.tree_util.tree_flatten_with_path(primal, is_leaf=lambda item: item is not primal)
    still = is_zero(tangent)
    return structure.unflatten(
        [materialised(None if still else child_tangent(tangent, path[0]), child) for path, child in children]
    )


def child_tangent(tangent: Any, key: Any) -> Any:
    """The part of a container's tangent that belongs to one of the primal's children."""
    if isinstance(key, jax.tree_util.DictKey):
        return tangent.get(key.key) if isinstance(tangent, Mapping) else tangent[key.key]
    if isinstance(key, jax.tree_util.SequenceKey):
        return tangent[key.idx]
    if isinstance(key, jax.tree_util.GetAttrKey):
        return getattr(tangent, key.name)
    if isinstance(tangent, Record | jax.tree_util.Partial):
        return partial_child(tangent, key)
    return list(tangent)[key.key]


def partial_child(tangent: Any, key: Any) -> Any:
    """The same for a `jax.tree_util.Partial`, whose children have no names."""
    return (tangent.args, tangent.keywords)[key.key]


def completed(out: Any, out_dot: Any) -> tuple[Any, Any]:
    """A result and its tangent as users get them."""
    out, out_dot = without_pairs(out, out_dot)
    return out, materialised(out_dot, out)


# --- Both -------------------------------------------------------------------------------------------------------------


def without_pairs(value: Any, tangent: Any) -> tuple[Any, Any]:
    """A result in which values of dicts and lists may be Pairs, as two."""
    if isinstance(value, Pair):
        return value.primal, value.tangent
    kind = type(value)
    if kind is list or kind is tuple:
        tangents: Sequence[Any] = [None] * len(value) if is_zero(tangent) else tangent
        parts = [without_pairs(v, t) for v, t in zip(value, tangents, strict=True)]
        return kind([v for v, _ in parts]), kind([t for _, t in parts])
    if kind is dict:
        found = {k: without_pairs(v, None if is_zero(tangent) else tangent.get(k)) for k, v in value.items()}
        return {k: v for k, (v, _) in found.items()}, {k: t for k, (_, t) in found.items()}
    return value, tangent
