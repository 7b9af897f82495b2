"""Names and random streams as they were, for what has to begin again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
from flax.core import Scope


class Snapshot:
    """The names and random streams that a module, and scopes, have used, to be as if a call had not begun."""

    def __init__(self, module: nn.Module | None, scopes: Sequence[Scope] = ()) -> None:
        self._module = module if module is not None and module.scope is not None else None
        if self._module is not None:
            state, scope = self._module._state, self._module.scope
            assert scope is not None
            self._cursor, self._children = dict(state.autoname_cursor), dict(state.children)
            self._reservations = {name: set(columns) for name, columns in scope.reservations.items()}
            scopes = (*scopes, scope)
        self._counters = [(scope.rng_counters, _copied(scope.rng_counters)) for scope in scopes]

    def restore(self) -> None:
        if self._module is not None:
            state, scope = self._module._state, self._module.scope
            assert scope is not None
            state.autoname_cursor, state.children = dict(self._cursor), dict(self._children)
            scope.reservations.clear()
            scope.reservations.update({name: set(columns) for name, columns in self._reservations.items()})
        for counters, before in self._counters:
            _set(counters, before)


def _copied(counters: dict[str, Any]) -> dict[str, Any]:
    return {name: _copied(item) if isinstance(item, dict) else item for name, item in counters.items()}


def _set(counters: dict[str, Any], before: dict[str, Any]) -> None:
    """The same again, in place: scopes inside hold parts of the counters."""
    for name in set(counters) - set(before):
        del counters[name]
    for name, item in before.items():
        if isinstance(item, dict) and isinstance(counters.get(name), dict):
            _set(counters[name], item)
        else:
            counters[name] = _copied(item) if isinstance(item, dict) else item
