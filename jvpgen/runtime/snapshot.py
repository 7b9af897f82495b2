"""A module's names and random streams as they were, for what has to begin again."""

from __future__ import annotations

import flax.linen as nn


class Snapshot:
    """The names and random streams that a module has used, to be as if a call had not begun."""

    def __init__(self, module: nn.Module | None) -> None:
        self._module = module
        if module is None or module.scope is None:
            self._module = None
            return
        scope = module.scope
        self._cursor, self._children = dict(module._state.autoname_cursor), dict(module._state.children)
        self._reservations = {name: set(columns) for name, columns in scope.reservations.items()}
        self._counters = dict(scope.rng_counters)

    def restore(self) -> None:
        if self._module is None:
            return
        state, scope = self._module._state, self._module.scope
        assert scope is not None
        state.autoname_cursor, state.children = dict(self._cursor), dict(self._children)
        scope.reservations.clear()
        scope.reservations.update({name: set(columns) for name, columns in self._reservations.items()})
        scope.rng_counters.clear()
        scope.rng_counters.update(self._counters)
