"""Flax's lifted transforms of classes and methods: do the shadow collections and the mark get through?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flax.core import Scope
from flax.core.scope import in_filter

from jvpgen.runtime import shadows
from jvpgen.runtime.fields import holds_moving
from jvpgen.runtime.registry import is_handled

_WHOLE = frozenset(("checkpoint", "remat", "jit"))  # they pass all collections that `variables` names


def keeps_tangents(function: Any, module: Any, arguments: Iterable[Any]) -> bool:
    """Whether a method may be called with a mark: it is a plain one, or its lifts carry every tangent through."""
    if not is_handled(function) and any(map(holds_moving, (module, *arguments))):
        return False  # lifts clone modules, and a clone's fields would stand still
    while not is_handled(function):
        lift = _lift_of(function)
        if lift is None or not _carries(lift, _shadows_at(module.scope)):
            return False
        function = getattr(function, "__wrapped__", None)
    return True


def _lift_of(function: Any) -> tuple[str, dict[str, Any]] | None:
    """The name and the keyword arguments of the lifted transform that made this method."""
    code = getattr(function, "__code__", None)
    if code is None or function.__closure__ is None:
        return None
    cells = dict(zip(code.co_freevars, function.__closure__, strict=True))
    if not {"transform", "trafo_kwargs"} <= set(cells):
        return None
    return cells["transform"].cell_contents.__name__, cells["trafo_kwargs"].cell_contents


def _carries(lift: tuple[str, dict[str, Any]], names: list[str]) -> bool:
    name, options = lift
    if name in _WHOLE:
        return all(in_filter(options.get("variables", True), shadow) for shadow in names)
    if name == "vmap":
        return all(any(in_filter(key, shadow) for key in options.get("variable_axes", ())) for shadow in names)
    return False


def _shadows_at(scope: Scope | None) -> list[str]:
    if scope is None:
        return []
    scope._populate_collections()  # type: ignore[no-untyped-call]
    return [name for name in scope._variables if shadows.is_shadow(scope, name)]
