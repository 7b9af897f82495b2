"""A primal and its tangent as one value, for wherever a Zero may not go by itself.

Primals and tangents cross module calls, lifted transforms, jit and scan as `Pair`s. Which parts of the tangent are
`Zero` is part of the tree structure; on the other side each `Zero` is rebuilt from the primal that arrived with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax

from jvpgen.runtime.record import Record, is_mutable
from jvpgen.runtime.zero import Zero, is_inexact, is_zero, zero


class Pair:
    """`Pair(primal, tangent)`; unpacks like a tuple. A tangent of None means zero."""

    __slots__ = ("primal", "tangent")

    def __init__(self, primal: Any, tangent: Any = None) -> None:
        self.primal = primal
        self.tangent = zero(primal) if tangent is None else tangent

    def __iter__(self) -> Iterator[Any]:
        return iter((self.primal, self.tangent))

    def __repr__(self) -> str:
        return f"Pair({self.primal!r}, {self.tangent!r})"

    def all_zero(self) -> bool:
        return is_zero(self.tangent)


def pairs(values: Mapping[Any, Any], tangents: Mapping[Any, Any] | Zero | None) -> dict[Any, Pair]:
    """Two dicts as one of Pairs; what has no tangent has a zero one."""
    if tangents is None:
        return {key: Pair(value) for key, value in values.items()}
    if isinstance(tangents, Zero):
        return {key: Pair(value, tangents[key]) for key, value in values.items()}
    return {key: Pair(value, tangents.get(key)) for key, value in values.items()}


def anchor(tangent: Any, primal: Any) -> Any:
    """The tangent with every Zero in it made the zero of the matching part of `primal`, and None filled in.

    Arrays take the dtype of their primals (an integer's is a Zero); an array of another shape is an error.
    """
    if isinstance(tangent, jax.Array):
        return _fitted(tangent, primal) if isinstance(primal, jax.Array) else tangent
    return _anchored(tangent, primal, anchor)


def _anchored_zeros(tangent: Any, primal: Any) -> Any:
    """The same, arrays left alone: while JAX takes trees apart, they may be anything."""
    return tangent if isinstance(tangent, jax.Array) else _anchored(tangent, primal, _anchored_zeros)


def _anchored(tangent: Any, primal: Any, part: Callable[[Any, Any], Any]) -> Any:
    if isinstance(tangent, Zero) or tangent is None:
        return zero(primal)
    kind = type(tangent)
    if kind is list or kind is tuple:
        parts = _sequence(primal, len(tangent))
        if parts is None:
            return tangent
        anchored = [part(t, p) for t, p in zip(tangent, parts, strict=True)]
        if kind is tuple:
            return tuple(anchored)
        tangent[:] = anchored  # it stays the same list: somebody may hold it, and fill it later
        return tangent
    if kind is dict:
        if isinstance(primal, Mapping):
            tangent.update({key: part(t, primal[key]) for key, t in tangent.items() if key in primal})
        return tangent
    if kind is Record:
        anchored_record = Record.mapped(tangent, lambda name, t: part(t, _field(primal, name)))
        return Record.become(tangent, anchored_record) if is_mutable(primal) else anchored_record
    if isinstance(tangent, tuple) and hasattr(tangent, "_make"):
        parts = _sequence(primal, len(tangent))
        return tangent if parts is None else tangent._make(part(t, p) for t, p in zip(tangent, parts, strict=True))
    return tangent


def _fitted(tangent: jax.Array, primal: jax.Array) -> Any:
    if tangent.dtype == primal.dtype and tangent.shape == primal.shape:
        return tangent
    if not is_inexact(primal):
        return Zero(primal)
    if tangent.shape != primal.shape:
        raise TypeError(f"a tangent of shape {tangent.shape} for a value of shape {primal.shape}")
    return tangent.astype(primal.dtype)


def _sequence(primal: Any, length: int) -> list[Any] | None:
    """The parts of a primal, when it is the sequence that its tangent looks like."""
    if isinstance(primal, list | tuple) and len(primal) == length:
        return list(primal)
    return None


def _field(primal: Any, name: str) -> Any:
    if isinstance(primal, Mapping) and name in primal:
        return primal[name]
    return getattr(primal, name, None)  # a ModelOutput hides its fields that are None


def _is_zero_leaf(value: Any) -> bool:
    return isinstance(value, Zero)


def _flatten(pair: Pair) -> tuple[tuple[Any, tuple[Any, ...]], Any]:
    leaves, structure = jax.tree.flatten(pair.tangent, is_leaf=_is_zero_leaf)
    live = tuple([not isinstance(leaf, Zero) for leaf in leaves])
    return (pair.primal, tuple([leaf for leaf, alive in zip(leaves, live, strict=True) if alive])), (structure, live)


def _unflatten(form: Any, children: tuple[Any, Any]) -> Pair:
    structure, live = form
    primal, moving = children
    rest = iter(moving)
    leaves = [next(rest) if alive else Zero(None) for alive in live]
    pair = Pair.__new__(Pair)
    pair.primal = primal
    pair.tangent = structure.unflatten(leaves)
    if not all(live):
        pair.tangent = _anchored_zeros(pair.tangent, primal)
    return pair


jax.tree_util.register_pytree_node(Pair, _flatten, _unflatten)


def is_pair(value: Any) -> bool:
    return isinstance(value, Pair)


def split(arguments: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Primals and tangents of arguments, active ones being Pairs."""
    halves = [(a.primal, a.tangent) if is_pair(a) else (a, zero(a)) for a in arguments]
    return [primal for primal, _ in halves], [tangent for _, tangent in halves]


def split_named(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    primals, tangents = split(arguments.values())
    return dict(zip(arguments, primals, strict=True)), dict(zip(arguments, tangents, strict=True))


def primal_of(value: Any) -> Any:
    """The value without tangents: Pairs anywhere in it become their primals."""
    if isinstance(value, Pair):
        return value.primal
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([primal_of(item) for item in value])
    if kind is dict:
        return {key: primal_of(item) for key, item in value.items()}
    return value


def tangent_of(value: Any) -> Any:
    """The tangents of a value in which Pairs may occur."""
    if isinstance(value, Pair):
        return value.tangent
    kind = type(value)
    if kind is list or kind is tuple:
        return kind([tangent_of(item) for item in value])
    if kind is dict:
        return {key: tangent_of(item) for key, item in value.items()}
    return zero(value)


def contains_pair(value: Any) -> bool:
    if isinstance(value, Pair):
        return True
    if isinstance(value, list | tuple):
        return any(contains_pair(item) for item in value)
    if isinstance(value, dict):
        return any(contains_pair(item) for item in value.values())
    return False
