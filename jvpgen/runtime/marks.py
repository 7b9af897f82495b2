"""Marking a module call: "return the tangent too".

The mark travels in the arguments, because a global flag would leak through jit's caches: a call that has a Pair among
its arguments is marked. Where none is needed, an array argument is made one; without any array the keyword says it,
with a value that is a pytree without leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from jvpgen.runtime.pair import Pair, is_pair
from jvpgen.runtime.zero import is_zero

KEYWORD = "jvpgen_marked"
_OF_FLAX = ("orig_method", "module")  # what Flax hands to interceptors besides: no keyword of a call may have its name
_RENAMED = {name: f"{KEYWORD}_{name}" for name in _OF_FLAX}
_ORIGINAL = {renamed: name for name, renamed in _RENAMED.items()}


@jax.tree_util.register_static
class Mark:
    """The value of the keyword."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mark)

    def __hash__(self) -> int:
        return hash(Mark)


def is_marked(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return KEYWORD in kwargs or any(map(is_pair, args)) or any(map(is_pair, kwargs.values()))


def marked(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a marked call. What does not move and is no array stays bare: it may be static."""
    positional = [_bare_if_still(argument) for argument in args]
    named = {_RENAMED.get(name, name): _bare_if_still(argument) for name, argument in kwargs.items()}
    if not is_marked(positional, named):
        _mark_one(positional, named)
    return positional, named


def _bare_if_still(argument: Any) -> Any:
    if is_pair(argument) and isinstance(argument.tangent, list | dict):
        return argument  # the callee may fill it, and its tangent along
    if is_pair(argument) and not isinstance(argument.primal, jax.Array) and is_zero(argument.tangent):
        return argument.primal
    return argument


def _mark_one(positional: list[Any], named: dict[str, Any]) -> None:
    for i, argument in enumerate(positional):
        if isinstance(argument, jax.Array):
            positional[i] = Pair(argument)
            return
    for name, argument in named.items():
        if isinstance(argument, jax.Array):
            named[name] = Pair(argument)
            return
    named[KEYWORD] = Mark()


def unmarked(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {_ORIGINAL.get(name, name): argument for name, argument in kwargs.items() if name != KEYWORD}
