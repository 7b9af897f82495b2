"""Functions of libraries that copy containers or make them of others: what they do to values is done to tangents."""

from __future__ import annotations

import collections
import copy
import types
from collections.abc import Callable, Mapping
from typing import Any

import jax
from flax.core import FrozenDict, freeze, unfreeze
from flax.linen import partitioning
from opt_einsum.parser import parse_einsum_input

from jvpgen.runtime import trees
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.pair import Pair, is_pair, primal_of
from jvpgen.runtime.record import Record
from jvpgen.runtime.variables import ShadowVariable
from jvpgen.runtime.zero import is_zero, zero

Outcome = tuple[Any, Any]


def _halves(value: Any) -> tuple[Any, Any]:
    return (value.primal, value.tangent) if is_pair(value) else (value, zero(value))


def _copied(tangent: Any, deep: bool) -> Any:
    """A copy of a container of tangents; arrays never change, so they stay what they are."""
    kind = type(tangent)
    if kind is Record:
        return Record.mapped(tangent, lambda _, part: _copied(part, deep) if deep else part)
    if kind is dict:
        return {key: _copied(part, deep) if deep else part for key, part in tangent.items()}
    if kind is list or kind is tuple or kind is collections.deque:
        parts = [_copied(part, deep) if deep else part for part in tangent]
        return collections.deque(parts, tangent.maxlen) if kind is collections.deque else kind(parts)
    return tangent


def _copy(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    value, tangent = _halves(args[0])
    return copy.copy(value), _copied(tangent, deep=False)


def _deepcopy(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    value, tangent = _halves(args[0])
    return copy.deepcopy(value), _copied(tangent, deep=True)


def _mapping(make: Callable[..., Any]) -> Callable[[list[Any], Mapping[str, Any]], Outcome]:
    """`freeze`, `unfreeze` and `FrozenDict`: the tangent of a mapping is a dict, frozen as the mapping is."""

    def run(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
        halves = [_halves(value) for value in args]
        named = {name: _halves(value) for name, value in kwargs.items()}
        out = make(*(value for value, _ in halves), **{name: value for name, (value, _) in named.items()})
        moving = {name: tangent for name, (_, tangent) in named.items()}
        tangents = [tangent for _, tangent in halves if not is_zero(tangent)]
        if not (isinstance(out, Mapping) and (tangents or moving)):
            return out, zero(out)
        given = {key: part for tangent in (*tangents, moving) for key, part in tangent.items()}
        held = {key: given.get(key, zero(value)) for key, value in out.items()}
        return out, FrozenDict(held) if isinstance(out, FrozenDict) else unfreeze(held)  # type: ignore[no-untyped-call]

    return run


def _namespace(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    named = {name: _halves(value) for name, value in kwargs.items()}
    out = types.SimpleNamespace(**{name: value for name, (value, _) in named.items()})
    return out, Record({name: tangent for name, (_, tangent) in named.items()}, "object")


def _deque(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    halves = [_halves(value) for value in args]
    out: collections.deque[Any] = collections.deque(*(value for value, _ in halves), **kwargs)
    if not args or is_zero(halves[0][1]):
        return out, zero(out)
    return out, collections.deque(halves[0][1], out.maxlen)


def _tree_reduce(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    f, tree, *initial = [*args, *(kwargs[name] for name in ("initializer",) if name in kwargs)]
    is_leaf = {name: value for name, value in kwargs.items() if name == "is_leaf"}
    return trees.reduce([f, Pair(*trees.tree_leaves([tree], is_leaf)), *initial], {})


def _parsed(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`parse_einsum_input((subscripts, *operands))`: two texts, and the operands as arrays."""
    value, tangent = _halves(args[0])
    out = parse_einsum_input(value, **kwargs)
    moving = [zero(operand) for operand in out[2]] if is_zero(tangent) else list(tangent[1:])
    return out, (zero(out[0]), zero(out[1]), moving)


def _variable_with_axes(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`partitioning.variable_with_axes(…)`: Flax's variable, and one of its tangent."""
    positional, named = primal_of(args), primal_of(dict(kwargs))
    if not all(is_zero(part.tangent) for part in [*args, *kwargs.values()] if is_pair(part)):
        raise LostTangent("the initial value of a variable with axes moves")
    made = partitioning.variable_with_axes(*positional, **named)
    return made, ShadowVariable(made)


PARTNERS: Mapping[int, Callable[[list[Any], Mapping[str, Any]], Outcome]] = {
    id(copy.copy): _copy,
    id(copy.deepcopy): _deepcopy,
    id(freeze): _mapping(freeze),
    id(unfreeze): _mapping(unfreeze),
    id(FrozenDict): _mapping(FrozenDict),
    id(types.SimpleNamespace): _namespace,
    id(collections.deque): _deque,
    id(parse_einsum_input): _parsed,
    id(partitioning.variable_with_axes): _variable_with_axes,
    id(jax.tree.reduce): _tree_reduce,
    id(jax.tree_util.tree_reduce): _tree_reduce,
}
