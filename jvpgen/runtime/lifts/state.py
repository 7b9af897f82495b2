"""Shadows that go in and out of a lifted scope.

What comes out of a lift replaces what was there, entry by entry, so a tangent that has become zero must come out as
zeros: an absent entry would leave the old one. And where variables go round, or branches meet, the same leaves must
move each time (`control.agreement`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
from flax.core import Scope
from flax.core.scope import in_filter

from jvpgen.runtime import shadows
from jvpgen.runtime.control.agreement import Agreement
from jvpgen.runtime.leafwise import as_tree, instantiated
from jvpgen.runtime.lifted import part_at, pruned

Place = tuple[int, str]


class Shadows:
    """The shadows of the variables that a lifted function may change.

    Those of `agreeing` collections have one form each time: `begun` gives them to the scopes around, before the lift.
    """

    def __init__(self, agreeing: Any = False) -> None:
        self._agreeing = agreeing
        self._agreements: dict[Place, Agreement] = {}

    def begun(self, scopes: Sequence[Scope]) -> None:
        """Before a loop: what moves in any round has zeros where it stands still at first."""
        for place, scope, name in _changeable(scopes):
            if in_filter(self._agreeing, name):
                tree, leaves = _parts(scope, name)
                _store(scope, name, self._agreement(place).begun(tree, leaves))

    @contextlib.contextmanager
    def around(self, scopes: Sequence[Scope]) -> Iterator[None]:
        """Around a run of the function: nothing that moved before it is absent after it.

        Raises:
            Disagreement: another run left other leaves moving; the lift begins again.
        """
        before = {
            place: [leaf is not None for leaf in _parts(scope, name)[1]] for place, scope, name in _changeable(scopes)
        }
        yield
        for place, scope, name in _changeable(scopes):
            tree, leaves = _parts(scope, name)
            moved = before.get(place, [])
            if len(moved) == len(leaves):
                moves = [was or leaf is not None for was, leaf in zip(moved, leaves, strict=True)]
                leaves = instantiated(leaves, tree, moves)
            agrees = in_filter(self._agreeing, name)
            _store(scope, name, self._agreement(place).met(tree, leaves) if agrees else as_tree(tree, leaves))

    def _agreement(self, place: Place) -> Agreement:
        return self._agreements.setdefault(place, Agreement())


def _changeable(scopes: Sequence[Scope]) -> Iterator[tuple[Place, Scope, str]]:
    """The collections, no shadows, that may be changed."""
    for index, scope in enumerate(scopes):
        scope._populate_collections()  # type: ignore[no-untyped-call]
        for name in list(scope._variables):
            if scope.is_mutable_collection(name) and not shadows.is_shadow(scope, name):
                yield (index, name), scope, name


def _parts(scope: Scope, name: str) -> tuple[Any, list[Any]]:
    """A collection, and the tangents of its leaves."""
    tree, shadow = scope._variables[name], scope._variables.get(shadows.shadow_name(scope, name))
    paths, _ = jax.tree_util.tree_flatten_with_path(tree)
    return tree, [part_at(shadow, path) for path, _ in paths]


def _store(scope: Scope, name: str, tangents: Any) -> None:
    """Adds tangents to a shadow, in place: scopes inside of this one hold parts of it."""
    found = pruned(tangents)
    if found is not None:
        _merge(scope._mutable_collection(shadows.shadow_name(scope, name)), found)


def _merge(target: Any, found: Mapping[str, Any]) -> None:
    for key, item in found.items():
        if isinstance(item, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], item)
        else:
            target[key] = item
