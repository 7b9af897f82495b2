"""`functools.partial`, and JAX's own: what they hold keeps its tangents."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jax

from jvpgen.runtime.callables import as_function
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.pair import is_pair, split, split_named
from jvpgen.runtime.record import Record
from jvpgen.runtime.zero import is_zero, zero

Outcome = tuple[Any, Any]


def partial(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`functools.partial(f, …)`, which knows the tangents of what it holds."""
    f = as_function(args[0])
    made: Any = functools.partial(f, *split(args[1:])[0], **split_named(kwargs)[0])
    outer: list[Any] = []
    outer_named: dict[str, Any] = {}
    if made.func is not f:  # functools makes one partial of two
        outer, outer_named = getattr(f, "__jvpgen_held__", (list(f.args), dict(f.keywords)))
    made.__jvpgen_held__ = ([*outer, *args[1:]], {**outer_named, **kwargs})
    return made, zero(made)


def tree_partial(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.tree_util.Partial(f, …)`, a container of what it holds, and goes where containers may go."""
    f, (primals, tangents), (named, named_dot) = as_function(args[0]), split(args[1:]), split_named(kwargs)
    held, held_named = getattr(f, "__jvpgen_held__", ((), {}))
    if any(map(_moves, [*held, *held_named.values()])):
        raise LostTangent("jax.tree_util.Partial of a functools.partial that holds what moves")
    out = jax.tree_util.Partial(f, *primals, **named)  # type: ignore[no-untyped-call]
    return out, Record({"args": tuple(tangents), "keywords": named_dot}, "object")


def _moves(argument: Any) -> bool:
    return is_pair(argument) and not is_zero(argument.tangent)
