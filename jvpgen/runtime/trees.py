"""Functions over trees, and over sequences by a function: done to each part and to its tangent."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
from jax.tree_util import DictKey, FlattenedIndexKey, GetAttrKey, SequenceKey

from jvpgen.runtime.boundary import partial_child
from jvpgen.runtime.callables import as_function
from jvpgen.runtime.leafwise import form_in
from jvpgen.runtime.pair import Pair, is_pair
from jvpgen.runtime.pushing import push
from jvpgen.runtime.record import Record
from jvpgen.runtime.zero import is_zero, zero

Outcome = tuple[Any, Any]


def _halves(value: Any) -> tuple[Any, Any]:
    return (value.primal, value.tangent) if is_pair(value) else (value, zero(value))


def tree_map(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree.map(f, tree, *rest, is_leaf=…)`: `f` is pushed forward at every leaf."""
    return _mapped(args, kwargs, with_path=False)


def tree_map_with_path(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree.map_with_path(f, tree, *rest, is_leaf=…)`: the path, which does not move, comes first."""
    return _mapped(args, kwargs, with_path=True)


def _mapped(args: list[Any], kwargs: Mapping[str, Any], with_path: bool) -> Outcome:
    f, tree, *rest = args
    function, (first, first_dot) = as_function(f), _halves(tree)
    is_leaf = kwargs.get("is_leaf")
    treedef: Any
    paths, treedef = jax.tree_util.tree_flatten_with_path(first, is_leaf=is_leaf)
    others = [(treedef.flatten_up_to(primal), tangent) for primal, tangent in map(_halves, rest)]
    outcomes = []
    for index, (path, leaf) in enumerate(paths):
        leaves: list[Any] = [path] if with_path else []
        leaves.append(Pair(leaf, _at(first_dot, path, leaf)))
        leaves += [Pair(primals[index], _at(tangent, path, primals[index])) for primals, tangent in others]
        outcomes.append(push(function, leaves, {}))
    outs, dots = ([outcome[half] for outcome in outcomes] for half in (0, 1))
    return _unflattened(treedef, outs, dots)


def tree_leaves(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree.leaves(tree)`."""
    tree, tree_dot = _halves(args[0])
    paths, _ = jax.tree_util.tree_flatten_with_path(tree, is_leaf=kwargs.get("is_leaf"))
    return [leaf for _, leaf in paths], [_at(tree_dot, path, leaf) for path, leaf in paths]


def tree_flatten(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree.flatten(tree)`: the structure has no tangent."""
    leaves, tangents = tree_leaves(args, kwargs)
    treedef = jax.tree.structure(_halves(args[0])[0], is_leaf=kwargs.get("is_leaf"))
    return (leaves, treedef), (tangents, zero(treedef))


def tree_unflatten(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree.unflatten(treedef, leaves)`."""
    (treedef, _), (leaves, tangents) = map(_halves, args)
    return _unflattened(treedef, leaves, list(tangents))


def _unflattened(treedef: Any, leaves: Any, tangents: list[Any]) -> Outcome:
    """What a structure holds beside its leaves, as the static fields of a `flax.struct`, has no tangent."""
    made = jax.tree.unflatten(treedef, leaves)
    return made, form_in(treedef, made, tangents)


def tree_structure(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree.structure(tree)`: it has no tangent."""
    treedef = jax.tree.structure(_halves(args[0])[0], **kwargs)
    return treedef, zero(treedef)


def _at(tangent: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    """The part of a tangent at a path into its primal."""
    for key in path:
        if tangent is None or is_zero(tangent):
            return zero(leaf)
        match key:
            case FlattenedIndexKey() if isinstance(tangent, Record | jax.tree_util.Partial):
                tangent = partial_child(tangent, key)
            case DictKey(key=name) | FlattenedIndexKey(key=name):
                tangent = tangent[name]
            case SequenceKey(idx=index):
                tangent = tangent[index]
            case GetAttrKey(name=name):
                tangent = getattr(tangent, name)
    return zero(leaf) if tangent is None else tangent


def reduce(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`functools.reduce(f, values, initial)`: `f` is pushed forward at every step."""
    function, (values, tangents), *initial = as_function(args[0]), *map(_halves, args[1:])
    steps = [Pair(value, tangent) for value, tangent in zip(values, tangents, strict=True)]
    steps = [Pair(*initial[0]), *steps] if initial else steps
    if not steps:
        raise TypeError("reduce() of empty iterable with no initial value")
    total: Any = (steps[0].primal, steps[0].tangent)
    for step in steps[1:]:
        total = push(function, [Pair(*total), step], {})
    return total  # type: ignore[no-any-return]


PARTNERS: Mapping[int, Callable[[list[Any], Mapping[str, Any]], Outcome]] = {
    id(jax.tree.map): tree_map,
    id(jax.tree_util.tree_map): tree_map,
    id(jax.tree.map_with_path): tree_map_with_path,
    id(jax.tree_util.tree_map_with_path): tree_map_with_path,
    id(functools.reduce): reduce,
    id(jax.tree.leaves): tree_leaves,
    id(jax.tree_util.tree_leaves): tree_leaves,
    id(jax.tree.flatten): tree_flatten,
    id(jax.tree_util.tree_flatten): tree_flatten,
    id(jax.tree.unflatten): tree_unflatten,
    id(jax.tree_util.tree_unflatten): tree_unflatten,
    id(jax.tree.structure): tree_structure,
    id(jax.tree_util.tree_structure): tree_structure,
}
