"""Whether a body holds for a subclass, which may replace methods and attributes that the body relies on.

A body calls what had no tangent in its own class as it is. If a subclass overrides such a method or property, or makes
a constant attribute active, the body is not used: the method is differentiated as a whole.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import flax.linen as nn

from jvpgen.runtime.registry import Body, body_of, exact_function, is_opaque
from jvpgen.runtime.zero import is_zero

_STATE = frozenset(("param", "variable", "variables", "get_variable", "perturb"))
_names: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()
_replaced: WeakKeyDictionary[type, dict[Any, tuple[str, ...]]] = WeakKeyDictionary()


def holds_for(made: Body, module: nn.Module) -> bool:
    """Whether what a body takes for constant is so in this module."""
    names = _names_of(made.derivative)
    held = vars(module)
    moving = {name for name in held if f"{name}_dot" in held and not is_zero(held[f"{name}_dot"])}
    if any(name in names and f"{name}_dot" not in names for name in moving):
        return False
    known = _replaced.setdefault(type(module), {})
    if made not in known:
        known[made] = tuple(_replaced_names(type(module), made.target, names))
    return not any(_may_move(type(module), name, moving) for name in known[made])


def _names_of(derivative: Any) -> frozenset[str]:
    if derivative not in _names:
        _names[derivative] = frozenset(_code_names(derivative.__code__))
    return _names[derivative]


def _code_names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from (item for item in code.co_consts if isinstance(item, str))  # getattr(self, "name")
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _code_names(inner)


def _replaced_names(kind: type, function: Any, names: frozenset[str]) -> Iterator[str]:
    """Methods and properties that the body reads, without a derivative in its class, that a subclass overrides."""
    mro = kind.__mro__
    place = next((i for i, base in enumerate(mro) if _defines(base, function)), 0)
    fields = {field.name for field in dataclasses.fields(kind)}
    for base in mro[:place]:
        for name in vars(base):
            if name not in names or name in fields or name.startswith("__") or not hasattr(mro[place], name):
                continue
            original = inspect.getattr_static(mro[place], name)
            if not callable(original) or isinstance(original, type):
                if hasattr(original, "__get__") and not _has_body(getattr(original, "wrapped", original)):
                    yield name
                continue
            written = exact_function(original)
            if body_of(written) is None and not is_opaque(written):
                yield name


def _has_body(descriptor: Any) -> bool:
    """Whether a property has a derivative: then it is asked for by its name, and an override answers."""
    getter = exact_function(descriptor)
    return body_of(getter) is not None or is_opaque(getter)


def _defines(base: type, function: Any) -> bool:
    return any(exact_function(value) is function for value in vars(base).values() if callable(value))


def _may_move(kind: type, name: str, moving: set[str]) -> bool:
    """Whether an override may compute with variables: a derived method always may, a property if its code says so."""
    override = inspect.getattr_static(kind, name)
    if callable(override) and not isinstance(override, type):
        return True
    getter = getattr(getattr(override, "wrapped", override), "fget", None)
    if getter is None:
        return True
    names = set(_code_names(getter.__code__))
    methods = {item for item in names if callable(getattr(kind, item, None))}
    return bool(names & (_STATE | moving | methods))
