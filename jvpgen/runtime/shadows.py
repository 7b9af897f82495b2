"""Shadow collections: the tangents of collection `c` are the collection `c_dot` of the same scope.

A zero is an absent entry, so reading one gives a `Zero` and storing one removes the entry. Nothing else of a tangent is
kept anywhere, which is why Flax's scopes, lifted transforms and RNGs need not know about tangents at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flax.core import FrozenDict, Scope, freeze, meta
from flax.core.scope import DenyList

from jvpgen.runtime import runs
from jvpgen.runtime.record import Record
from jvpgen.runtime.zero import instantiate, is_zero, zero

SUFFIX = "_dot"
_FLAG = "jvpgen_suffix"


def free_suffix(collections: Iterable[str]) -> str:
    """A suffix that no collection of the user ends with."""
    suffix = SUFFIX
    while any(name.endswith(suffix) for name in collections):
        suffix += "_"
    return suffix


def mark_suffix(scope: Scope, suffix: str) -> None:
    """Makes the suffix known to the scope and all that will be pushed from it."""
    scope.flags = freeze({**scope.flags, _FLAG: suffix})


def is_marked(scope: Scope) -> bool:
    """Whether the scope stands in a call that knows tangents; anywhere else a collection `c_dot` is the user's own."""
    return _FLAG in scope.flags


def suffix_of(scope: Scope) -> str:
    return str(scope.flags.get(_FLAG, SUFFIX))  # type: ignore[no-untyped-call]


def shadow_name(scope: Scope, collection: str) -> str:
    return collection + suffix_of(scope)


def is_shadow(scope: Scope, collection: str) -> bool:
    return collection.endswith(suffix_of(scope))


def has_shadows(scope: Scope) -> bool:
    """Whether any variable that this scope can reach has a tangent."""
    scope._populate_collections()  # type: ignore[no-untyped-call]
    return any(is_shadow(scope, name) and _moves(tree) for name, tree in scope._variables.items())


def _moves(tree: Any) -> bool:
    return any(_moves(item) for item in tree.values()) if isinstance(tree, Mapping) else tree is not None


def read_tangent(scope: Scope, collection: str, name: str, primal: Any, *, unbox: bool = True) -> Any:
    """The tangent of a variable whose value is `primal` (as the user sees it: boxed or not)."""
    stored = scope.get_variable(shadow_name(scope, collection), name, None)
    if stored is None:
        return zero(primal)
    return filled(meta.unbox(stored) if unbox else stored, primal)


def write_tangent(scope: Scope, collection: str, name: str, primal: Any, tangent: Any) -> None:
    """Stores the tangent of a variable that was just stored; a zero one leaves no entry."""
    runs.check(scope)
    shadow = shadow_name(scope, collection)
    scope._collection(shadow)
    if is_zero(tangent):
        stored = scope._variables.get(shadow)
        if stored is not None and name in stored:
            del scope._mutable_collection(shadow)[name]
        return
    target = scope._mutable_collection(shadow)
    target.pop(name, None)  # Flax would merge a dict into the old one
    scope.put_variable(shadow, name, sparse(tangent, primal))


def filled(stored: Any, primal: Any) -> Any:
    """A stored tangent, in which zeros are absent or None, with the structure of `primal`."""
    if stored is None:
        return zero(primal)
    if isinstance(stored, Mapping) and isinstance(primal, Mapping):
        full = {key: filled(stored.get(key), value) for key, value in primal.items()}
        return freeze(full) if isinstance(primal, FrozenDict) else full
    if isinstance(stored, list | tuple) and isinstance(primal, list | tuple) and len(stored) == len(primal):
        parts = [filled(t, p) for t, p in zip(stored, primal, strict=True)]
        return parts if isinstance(primal, list) else tuple(parts)
    if isinstance(stored, Record):
        return Record.mapped(stored, lambda field, t: filled(t, _field(primal, field)))
    if meta.is_axis_metadata(stored) and meta.is_axis_metadata(primal):
        return primal.replace_boxed(filled(stored.unbox(), primal.unbox()))
    return stored


def sparse(tangent: Any, primal: Any) -> Any:
    """The tangent as it is stored: absent entries of dicts and None elsewhere stand for zeros."""
    if is_zero(tangent):
        return None
    if isinstance(tangent, Mapping):
        return {key: sparse(t, primal[key]) for key, t in tangent.items() if not is_zero(t)}
    if isinstance(tangent, list | tuple) and isinstance(primal, list | tuple) and len(tangent) == len(primal):
        return tuple(sparse(t, p) for t, p in zip(tangent, primal, strict=True))
    if isinstance(tangent, Record):
        return Record.mapped(tangent, lambda field, t: sparse(t, _field(primal, field)))
    return instantiate(tangent, primal)


def _field(primal: Any, name: Any) -> Any:
    return primal[name] if isinstance(primal, Mapping) else getattr(primal, name, None)


def visible(scope: Scope) -> dict[str, Any]:
    """The variables of a scope without the shadows."""
    return {name: tree for name, tree in scope.variables().items() if not is_shadow(scope, name)}


def extended_filter(mutable: Any, suffix: str) -> Any:
    """A mutability filter that treats each shadow as its collection."""
    if isinstance(mutable, bool):
        return mutable
    if isinstance(mutable, DenyList):
        return DenyList(extended_filter(mutable.deny, suffix))
    names = [mutable] if isinstance(mutable, str) else list(mutable)
    return [*names, *(name + suffix for name in names)]


def names_in_filter(mutable: Any) -> list[str]:
    if isinstance(mutable, bool):
        return []
    if isinstance(mutable, DenyList):
        return names_in_filter(mutable.deny)
    return [mutable] if isinstance(mutable, str) else list(mutable)


def tangent_view(scope: Scope) -> Callable[[], dict[str, Any]]:
    """The tangents of all that `visible` shows, made when asked for."""

    def view() -> dict[str, Any]:
        everything = scope.variables()
        return {name: filled(everything.get(shadow_name(scope, name)), tree) for name, tree in visible(scope).items()}

    return view
