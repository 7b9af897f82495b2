"""A module of JAX's, seen as functions of tangents: what is linear in the table takes Zeros, all else is as it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from jvpgen.rules import Rule, lookup
from jvpgen.rules.linearity import LINEAR_IN_TERMS
from jvpgen.runtime.linear_calls import linear_call


def function_on_tangents(module: ModuleType, name: str) -> Any:
    """`module.name` for tangents; a module inside of `module` (`fft`, `linalg`) for tangents likewise."""
    original = getattr(module, name)
    if isinstance(original, ModuleType):
        return _Submodule(original)
    rule = lookup(f"{module.__name__}.{name}")
    if rule is None:
        return original
    if rule.name in LINEAR_IN_TERMS:
        rule = replace(rule, kind="multilinear")
    return _on_tangents(original, rule) if rule.kind in ("linear", "multilinear") else original


def _on_tangents(original: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    @functools.wraps(original)
    def on_tangents(*args: Any, **kwargs: Any) -> Any:
        return linear_call(original, rule, args, kwargs)

    return on_tangents


class _Submodule:
    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        value = function_on_tangents(self._module, name)
        setattr(self, name, value)
        return value
