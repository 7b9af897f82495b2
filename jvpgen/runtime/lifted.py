"""`jax.jvp` over code that uses bound modules: the idea of Flax's `lift.jvp`, over all scopes that the code can reach.

Tangents of variables come from the shadow collections (what is absent does not move and is closed over, as are integers
and keys), and tangents of updated variables go back into them; Flax's own lift drops those, and a later read would find
an old tangent. Inside there are no shadows, so whatever runs there is the user's plain program.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from flax.core import Scope, lift, meta
from flax.linen.transforms import get_module_scopes, set_module_scopes

from jvpgen.runtime import runs, shadows
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.leafwise import tangent_form
from jvpgen.runtime.record import Record
from jvpgen.runtime.zero import is_inexact

Owner = nn.Module | Scope
Modules = Mapping[int, Owner]
Groups = Sequence[dict[str, Any]]


def lifted_jvp(
    call: Callable[[Modules, Iterator[Any]], Any],
    modules: Sequence[Owner],
    primals: Sequence[Any],
    tangents: Sequence[Any],
) -> tuple[Any, Any]:
    """Value and tangent of `call(clones, arrays)`. A scope may stand for a module.

    `call` must use `clones[id(module)]` in place of each of `modules`, and `arrays` in place of `primals`.
    """
    groups_of_scopes = [_scopes_of(module) for module in modules]
    scopes = [scope for group in groups_of_scopes for scope in group]

    def inner(scope_fn: Any, repack_fn: Any, variable_groups: Any, rng_groups: Any) -> tuple[Any, Any]:
        plain, moving = _without_shadows(variable_groups[0], scopes)
        suffix = shadows.suffix_of(scopes[0])
        forms: list[Any] = []

        def function(variables: list[Any], arrays: list[Any]) -> tuple[list[Any], list[Any]]:
            groups = moving.filled_with(plain, variables)
            inner_scopes = scope_fn((groups,), rng_groups)
            clones = _clones(modules, [len(group) for group in groups_of_scopes], inner_scopes)
            out = _Result(call({id(m): c for m, c in zip(modules, clones, strict=True)}, iter(arrays)))
            for module, clone in zip(modules, clones, strict=True):
                _take_over(module, clone)
            updated = _Result(repack_fn(inner_scopes)[0], unchanged=_ids_of_still_leaves(groups, variables))
            forms[:] = [out, updated]
            return out.arrays, updated.arrays

        out_arrays, out_tangents = jax.jvp(function, (moving.primals, list(primals)), (moving.tangents, list(tangents)))
        out, updated = forms
        new_groups = updated.primal(out_arrays[1])
        new_tangents = updated.leafwise_tangents(out_tangents[1])
        with_shadows = _with_shadows(new_groups, new_tangents, suffix)
        for scope, group in zip(scopes, with_shadows, strict=False):
            if any(name.endswith(suffix) for name in group):
                runs.check(scope)
        return out.pair(out_arrays[0], out_tangents[0]), (with_shadows,)

    return lift.pack(inner, (True,), (True,), (True,), name="jvp")(scopes)  # type: ignore[no-any-return]


def _scopes_of(owner: Owner) -> list[Scope]:
    if isinstance(owner, Scope):
        return [owner]
    scopes: list[Scope] = get_module_scopes(owner, [], {})[0]  # type: ignore[no-untyped-call]
    return scopes


def _take_over(owner: Owner, clone: Owner) -> None:
    """The names that were used on the clone are used."""
    if isinstance(owner, nn.Module) and isinstance(clone, nn.Module):
        owner._state.reimport(clone._state)
    elif isinstance(owner, Scope) and isinstance(clone, Scope):
        owner.reservations.update({name: set(kinds) for name, kinds in clone.reservations.items()})


def _clones(modules: Sequence[Owner], counts: Sequence[int], scopes: Sequence[Scope]) -> list[Owner]:
    """The modules bound to other scopes, so many for each, in the state in which they are.

    Each is bound by itself: Flax's own way for several, as the arguments of one, loses modules in their fields.
    """
    rest = iter(scopes)
    clones: list[Owner] = []
    for module, count in zip(modules, counts, strict=True):
        own = [next(rest) for _ in range(count)]
        if isinstance(module, Scope):
            own[0].reservations.update({name: set(kinds) for name, kinds in module.reservations.items()})
            clones.append(own[0])
            continue
        clone, _, _ = set_module_scopes(module, [], {}, own)  # type: ignore[no-untyped-call]
        object.__setattr__(clone, "_state", module._state.export())
        clones.append(clone)
    return clones


# --- Variables that move ----------------------------------------------------------------------------------------------


class _Moving:
    """The leaves of the variables that have a tangent: where they are, what they are, how they move."""

    def __init__(self) -> None:
        self.primals: list[Any] = []
        self.tangents: list[Any] = []
        self._places: set[tuple[int, str, int]] = set()

    def collect(self, group: int, collection: str, tree: Any, shadow: Any) -> None:
        for place, (path, leaf) in enumerate(jax.tree_util.tree_flatten_with_path(tree)[0]):
            tangent = part_at(shadow, path)
            if tangent is not None and is_inexact(leaf):
                self._places.add((group, collection, place))
                self.primals.append(leaf)
                self.tangents.append(tangent)

    def filled_with(self, groups: Groups, values: Sequence[Any]) -> tuple[dict[str, Any], ...]:
        """The groups with other values for the leaves that move."""
        rest = iter(values)
        filled: list[dict[str, Any]] = []
        for i, group in enumerate(groups):
            filled.append({})
            for collection, tree in group.items():
                leaves: list[Any]
                structure: Any
                leaves, structure = jax.tree.flatten(tree)
                new = [
                    next(rest) if (i, collection, place) in self._places else leaf for place, leaf in enumerate(leaves)
                ]
                filled[-1][collection] = structure.unflatten(new)
        return tuple(filled)


def _without_shadows(groups: Groups, scopes: Sequence[Scope]) -> tuple[Groups, _Moving]:
    suffix = shadows.suffix_of(scopes[0])
    moving, plain = _Moving(), []
    for i, group in enumerate(groups):
        plain.append({name: tree for name, tree in group.items() if not name.endswith(suffix)})
        for name, tree in plain[-1].items():
            moving.collect(i, name, tree, group.get(name + suffix))
    return plain, moving


def part_at(shadow: Any, path: Sequence[Any]) -> Any:
    """The part of a stored tangent at a path of its primal; None where it has none. A box may be missing."""
    for key in path:
        if shadow is None:
            return None
        if isinstance(key, jax.tree_util.DictKey):
            shadow = shadow.get(key.key)
        elif isinstance(key, jax.tree_util.SequenceKey):
            shadow = shadow[key.idx]
        elif isinstance(key, jax.tree_util.GetAttrKey):
            shadow = getattr(shadow, key.name, shadow)
        else:
            leaves = jax.tree.leaves(shadow, is_leaf=lambda leaf: leaf is None)
            shadow = leaves[key.key] if isinstance(shadow, jax.tree_util.Partial | Record) else shadow
    return shadow


def _with_shadows(groups: Groups, tangents: Groups, suffix: str) -> tuple[dict[str, Any], ...]:
    """Updated collections, and beside each the collection of its tangents."""
    both = []
    for group, group_dot in zip(groups, tangents, strict=True):
        found = {name + suffix: kept for name, tree in group_dot.items() if (kept := pruned(tree)) is not None}
        both.append({**group, **found})
    return tuple(both)


def pruned(tree: Any) -> Any:
    """Tangents without what does not move: absent from dicts, None elsewhere; None when nothing is left."""
    if isinstance(tree, Mapping):
        kept = {key: part for key, item in tree.items() if (part := pruned(item)) is not None}
        return kept or None
    if isinstance(tree, list | tuple):
        parts = [pruned(item) for item in tree]
        return None if all(part is None for part in parts) else tuple(parts)
    if meta.is_axis_metadata(tree):
        inner = pruned(tree.unbox())
        return None if inner is None else tree
    return tree


def _ids_of_still_leaves(groups: Groups, moving: Sequence[Any]) -> set[int]:
    """Leaves that went in without a tangent; those that come out again have none either."""
    return {id(leaf) for leaf in jax.tree.leaves(list(groups))} - set(map(id, moving))


# --- Results ----------------------------------------------------------------------------------------------------------


class _Result:
    """A value taken apart into the arrays that `jax.jvp` may return, and everything else."""

    def __init__(self, value: Any, unchanged: set[int] | None = None) -> None:
        self._structure: Any
        leaves, self._structure = jax.tree.flatten(value)
        self._order = _order_of(value)
        self._leaves = leaves
        self._is_array = [isinstance(leaf, jax.Array | np.ndarray | np.generic) for leaf in leaves]
        self._is_still = [unchanged is not None and id(leaf) in unchanged for leaf in leaves]
        for leaf, is_array in zip(leaves, self._is_array, strict=True):
            if not is_array and not _is_constant(leaf):
                kind = type(leaf).__name__
                raise LostTangent(f"an opaque call returned a {kind}, which JAX cannot look into")
        for part in jax.tree.leaves(value, is_leaf=callable):
            if callable(part) and not _is_constant(part):
                kind = type(part).__name__
                raise LostTangent(f"an opaque call returned a {kind}: calls of that would not know its tangents")
        self.arrays = [leaf for leaf, is_array in zip(leaves, self._is_array, strict=True) if is_array]

    def primal(self, arrays: Sequence[Any]) -> Any:
        rest = iter(arrays)
        return self._made(
            [next(rest) if is_array else leaf for leaf, is_array in zip(self._leaves, self._is_array, strict=True)]
        )

    def _made(self, leaves: Sequence[Any]) -> Any:
        """The value around other leaves, the keys of its dicts in their order: JAX sorts them."""
        return _ordered(self._structure.unflatten(leaves), self._order)

    def leafwise_tangents(self, tangents: Sequence[Any]) -> Any:
        """The same structure, with None for what does not move."""
        return self._made(self._moving(tangents))

    def pair(self, arrays: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        moving = self._moving(tangents)
        primal = self.primal(arrays)
        return primal, tangent_form(primal, moving)

    def _moving(self, tangents: Sequence[Any]) -> list[Any]:
        rest = iter(tangents)
        found = [next(rest) if is_array else None for is_array in self._is_array]
        return [
            None if tangent is None or still or tangent.dtype == jax.dtypes.float0 else tangent
            for tangent, still in zip(found, self._is_still, strict=True)
        ]


def _order_of(value: Any) -> Any:
    """The keys of all dicts in lists, tuples and dicts, in their order; None where there is no dict."""
    kind = type(value)
    if kind is dict:
        return {key: _order_of(item) for key, item in value.items()}
    return [_order_of(item) for item in value] if kind is list or kind is tuple else None


def _ordered(value: Any, order: Any) -> Any:
    kind = type(value)
    if kind is dict and isinstance(order, dict):
        return {key: _ordered(value[key], inner) for key, inner in order.items()}
    if (kind is list or kind is tuple) and isinstance(order, list):
        return kind([_ordered(item, inner) for item, inner in zip(value, order, strict=True)])
    return value


_CONSTANTS = (str, bytes, int, float, complex, type, enum.Enum, np.dtype, slice, range, types.BuiltinFunctionType)


def _is_constant(leaf: Any) -> bool:
    """Whether a value can hold no array."""
    if not isinstance(leaf, types.FunctionType):
        return leaf is None or isinstance(leaf, _CONSTANTS)
    defaults = (*(leaf.__defaults__ or ()), *(leaf.__kwdefaults__ or {}).values())
    return not leaf.__closure__ and all(map(_is_constant, defaults))
