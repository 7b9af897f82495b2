"""Linear functions called on tangents, some of which may be Zeros.

A linear function of nothing is nothing, and costs nothing; functions of several tensors that are linear together
(`where`, `concatenate`) get zeros filled in beside the tangents that do exist. What the result's dtype cannot carry
(`x_dot.astype(int)`) becomes a Zero again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jvpgen.rules import Rule, bind
from jvpgen.runtime.record import Record
from jvpgen.runtime.zero import Zero, is_inexact, is_zero, like_of

# These return several arrays: their zeros are found at once, so that they can be unpacked.
_SEVERAL_RESULTS = frozenset(
    "split array_split hsplit vsplit dsplit unstack meshgrid broadcast_arrays atleast_1d atleast_2d atleast_3d".split()
)
# Collectives map over any tree.
_OF_TREES = frozenset(
    f"jax.lax.{name}"
    for name in "psum pmean all_gather psum_scatter ppermute all_to_all pshuffle pswapaxes pcast".split()
)
_PYTHON_ZERO = {"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}


def linear_call(function: Callable[..., Any], rule: Rule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`function(*args, **kwargs)`, the tensors among the arguments being tangents."""
    bound = bind(rule, len(args), kwargs)
    if bound is None:
        raise TypeError(f"these arguments do not fit {rule.signature}")
    places = [place for place, name in bound.items() if rule.by_name[name].role == "tensor"]
    if rule.kind == "multilinear":
        places = [place for place in places if not _names_axes(_at(place, args, kwargs))]
    values = [_at(place, args, kwargs) for place in places]
    if rule.name in _OF_TREES and isinstance(values[0], list | tuple | dict | Record):
        return _leafwise(lambda part: linear_call(function, rule, *_with(part, places[0], args, kwargs)), values[0])
    vanishes = any if rule.kind == "multilinear" else all
    if vanishes(is_nothing(value) for value in values):
        return _zero_result(function, rule, args, kwargs)
    literal = _zero_literal(values)
    filled = {place: _filled(value, literal) for place, value in zip(places, values, strict=True)}
    return only_inexact(function(*_replaced(args, filled), **{key: filled.get(key, kwargs[key]) for key in kwargs}))


def _with(
    value: Any, place: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """The arguments with another value in one place."""
    return (_replaced(args, {place: value}), kwargs) if isinstance(place, int) else (args, {**kwargs, place: value})


def _leafwise(call: Callable[[Any], Any], tree: Any) -> Any:
    """The results of calls for the parts of a tangent, each Zero staying one."""
    if isinstance(tree, Record):
        return Record.mapped(tree, lambda _, part: call(part))
    if isinstance(tree, dict):
        return {key: call(part) for key, part in tree.items()}
    parts = [call(part) for part in tree]
    return tree._make(parts) if hasattr(tree, "_make") else type(tree)(parts)


def is_nothing(tangent: Any) -> bool:
    """Whether a tangent is zero: a Zero, None, a literal 0, or a container of such."""
    if isinstance(tangent, list | tuple):
        return all(is_nothing(item) for item in tangent)
    return is_zero(tangent) or (type(tangent) in (int, float) and tangent == 0)


def only_inexact(result: Any) -> Any:
    """The result, with a Zero for each array that cannot carry a tangent: integers and booleans."""
    if isinstance(result, list | tuple):
        return type(result)(only_inexact(item) for item in result)
    return result if is_inexact(result) else Zero(result)


def fitted(tangent: Any, out: Any) -> Any:
    """A tangent array with the shape and dtype of `out`."""
    like = like_of(out)
    if like is None:
        return tangent
    if jnp.shape(tangent) != like.shape:
        tangent = jnp.broadcast_to(tangent, like.shape)
    return tangent if jnp.result_type(tangent) == like.dtype else jnp.asarray(tangent, like.dtype)


def _replaced(args: Sequence[Any], filled: Mapping[int | str, Any]) -> list[Any]:
    return [filled.get(position, argument) for position, argument in enumerate(args)]


def _at(place: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    return args[place] if isinstance(place, int) else kwargs[place]


def _names_axes(value: Any) -> bool:
    """Whether an argument is no factor but names axes, as in `einsum(x, [0, 1], y, [1])`."""
    return isinstance(value, list | tuple) and all(item is ... or isinstance(item, int | np.integer) for item in value)


def _zero_literal(tangents: Sequence[Any]) -> float | complex:
    """The number that a literal 0 stands for: `lax.pad` takes none that is an integer beside floats."""
    is_complex = any(jnp.iscomplexobj(tangent) for tangent in tangents if isinstance(tangent, jax.Array))
    return 0j if is_complex else 0.0


def _filled(tangent: Any, literal: float | complex) -> Any:
    """The tangent with arrays of zeros in place of Zeros, and with `literal` in place of a literal 0."""
    if isinstance(tangent, list | tuple):
        return type(tangent)(_filled(item, literal) for item in tangent)
    if type(tangent) is int and tangent == 0:
        return literal
    if not isinstance(tangent, Zero):
        return tangent
    if tangent.weak_type:
        number = _PYTHON_ZERO[jnp.dtype(tangent.dtype).kind]
        return jnp.broadcast_to(number, tangent.shape) if tangent.shape else number
    return jnp.zeros(tangent.shape, tangent.dtype)


def _zero_result(function: Callable[..., Any], rule: Rule, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The Zero of what the call would give, found lazily where it is one array."""
    zeros = list(_zeros_in((*args, *kwargs.values())))

    def call(*likes: Any) -> Any:
        left = iter(likes)
        filled_args = [_with_likes(argument, left) for argument in args]
        return function(*filled_args, **{key: _with_likes(value, left) for key, value in kwargs.items()})

    if rule.name.rpartition(".")[2] not in _SEVERAL_RESULTS:
        return Zero.of(call, *zeros)
    struct: Any = jax.ShapeDtypeStruct
    shapes = [struct(zero.shape, zero.dtype, weak_type=zero.weak_type) for zero in zeros]
    return jax.tree.map(Zero, jax.eval_shape(call, *shapes))


def _zeros_in(values: Iterable[Any]) -> Iterator[Zero]:
    for value in values:
        if isinstance(value, Zero):
            yield value
        elif isinstance(value, list | tuple):
            yield from _zeros_in(value)


def _with_likes(value: Any, likes: Iterator[Any]) -> Any:
    """`value` with the next of `likes` in place of each Zero."""
    if isinstance(value, Zero):
        return next(likes)
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_with_likes(item, likes) for item in value)
    return value
