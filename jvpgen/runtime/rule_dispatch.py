"""Calls of functions that have a rule: arguments as Pairs in, value and tangent out; None where no rule fits."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

import jax

from jvpgen.rules import Rule, lookup
from jvpgen.runtime.apply_rule import apply_rule, rule_applies
from jvpgen.runtime.opaque import reaches_moving_modules
from jvpgen.runtime.pair import is_pair
from jvpgen.runtime.rule_of import rule_of
from jvpgen.runtime.zero import like_of

Outcome = tuple[Any, Any]


def by_rule(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome by the function's rule; None when it has none, or the call does not fit it."""
    rule = rule_of(f)
    return None if rule is None else _applied(rule, f, args, kwargs)


def by_own_rule(rule: Rule, f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome by a user's rule; None when the call does not fit it, or is given modules, whose variables move."""
    if rule.kind == "constant" and reaches_moving_modules(args, kwargs):
        return None
    return _applied(rule, f, args, kwargs)


def array_method(name: str, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a method of an array, the receiver being the first argument; None when that is no array."""
    receiver = args[0].primal if is_pair(args[0]) else args[0]
    if not isinstance(receiver, jax.Array) and like_of(receiver) is None:
        return None
    rule = lookup(f"array.{name}")

    def call(receiver: Any, *rest: Any, **named: Any) -> Any:
        return getattr(receiver, name)(*rest, **named)

    return None if rule is None else _applied(rule, call, args, kwargs)


def method_name(method: types.MethodType) -> str | None:
    """The name under which an array has a method, which may be called otherwise itself; None if it is no array's."""
    receiver = method.__self__
    if not isinstance(receiver, jax.Array):
        return None
    return _names_of_methods(type(receiver)).get(method.__func__)  # type: ignore[arg-type]


@functools.cache
def _names_of_methods(kind: Any) -> dict[Any, str]:
    methods = ((name, getattr(kind, name)) for name in dir(kind))
    return {method: name for name, method in methods if isinstance(method, types.FunctionType)}


def _applied(rule: Rule, f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    primals, tangents = _halves(args)
    named = dict(zip(kwargs, _halves(list(kwargs.values()))[0], strict=True))
    named_dot = dict(zip(kwargs, _halves(list(kwargs.values()))[1], strict=True))
    if not rule_applies(rule, primals, tangents, named, named_dot):
        return None
    return apply_rule(rule, f, primals, tangents, named, named_dot)


def _halves(arguments: list[Any]) -> tuple[list[Any], list[Any]]:
    return (
        [a.primal if is_pair(a) else a for a in arguments],
        [a.tangent if is_pair(a) else None for a in arguments],
    )
