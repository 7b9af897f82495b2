"""Values together with the tangents of their leaves, in the form in which JAX's transforms take both along.

A twin is `(value, tree)`: the tree has the value's containers, with a tangent or None for each leaf.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from jvpgen.runtime.leafwise import as_tree, leaf_tangents, of_tree, split_result, tangent_form
from jvpgen.runtime.pair import Pair, is_pair, primal_of, tangent_of
from jvpgen.runtime.pushing import push
from jvpgen.runtime.zero import zero

Outcome = tuple[Any, Any]
Twin = tuple[Any, Any]


def halves(argument: Any) -> tuple[Any, list[Any]]:
    """The value of an argument, and the tangents of its leaves; Pairs may be anywhere in it."""
    value = primal_of(argument)
    return value, leaf_tangents(tangent_of(argument), value)


def twin(argument: Any) -> Twin:
    value, leaves = halves(argument)
    return value, as_tree(value, leaves)


def outcome(made: Twin) -> Outcome:
    """A twin as generated code takes it: the value, and its tangent."""
    value, tree = made
    if tree is None:
        return value, zero(value)
    return value, tangent_form(value, of_tree(value, tree))


def pushed(f: Any, twins: Sequence[Twin], named: Mapping[str, Twin] | None = None) -> tuple[Any, list[Any]]:
    """The value of `f` at twins, and the tangents of its leaves."""
    return pushed_call(f, [], twins, named)


def pushed_call(
    f: Any, first: Sequence[Any], twins: Sequence[Twin], named: Mapping[str, Twin] | None = None
) -> tuple[Any, list[Any]]:
    """The same, with arguments before them that have no tangent: a module."""
    args = [*first, *(Pair(*outcome(given)) for given in twins)]
    return split_result(*push(f, args, {name: Pair(*outcome(given)) for name, given in (named or {}).items()}))


def plain(argument: Any) -> Any:
    """An argument of which only the value counts: a predicate, a number of steps, a setting."""
    return argument.primal if is_pair(argument) else argument


def bound(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names of the function's parameters, defaults filled in; TypeError where they do not fit."""
    arguments = inspect.signature(function).bind(*args, **kwargs)
    arguments.apply_defaults()
    return arguments.arguments
