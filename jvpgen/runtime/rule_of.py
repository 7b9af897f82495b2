"""Which rule of the table belongs to a function object: the way back from what a program holds to what it is called."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

from jvpgen.rules import RULES, Rule, lookup
from jvpgen.rules.aliases import ALIASES


def rule_of(function: Any) -> Rule | None:
    """The rule of `jnp.tanh`, `nn.gelu`, `operator.add`, …; None for a function that the table does not have."""
    known = _rules_by_identity().get(id(function))
    return known[1] if known is not None else None


def find(name: str) -> Any:
    """What the qualified name of a rule or alias names; None for methods, operators and what is not installed."""
    package, _, rest = name.partition(".")
    if package == "array" or (package == "operator" and not hasattr(operator, rest)):
        return None
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None


@cache
def _rules_by_identity() -> dict[int, tuple[Callable[..., Any], Rule]]:
    """Rules by the id of their function; the function is kept, so that the id stays its own."""
    found: dict[int, tuple[Callable[..., Any], Rule]] = {}
    for name in _all_names():
        function, rule = find(name), lookup(name)
        if callable(function) and rule is not None:
            found.setdefault(id(function), (function, rule))
    return found


def _all_names() -> Iterator[str]:
    """All names under which the table knows a function, numpy's namesakes among them."""
    for name in (*RULES, *ALIASES):
        if name.endswith(".*") and name != "operator.*":  # multiplication
            module = importlib.import_module(name.removesuffix(".*"))
            yield from (f"{name.removesuffix('*')}{item}" for item in _public(module))
        else:
            yield name
            if name.startswith("jax.numpy."):
                yield f"numpy.{name.removeprefix('jax.numpy.')}"


def _public(module: ModuleType) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]
