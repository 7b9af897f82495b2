"""`jnp.vectorize`: the function of values and tangents is vectorised, tangents along the axes of their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jvpgen.runtime.control.functions import Outcome, Twin, pushed, twin
from jvpgen.runtime.leafwise import as_tree, tangent_form
from jvpgen.runtime.zero import is_inexact


def vectorize(
    f: Any, excluded: Any, signature: str | None, args: list[Any], kwargs: Mapping[str, Any]
) -> Outcome | None:
    """The outcome of a call of `jnp.vectorize(f, excluded=…, signature=…)`; None where JAX has the words for it."""
    twins = [twin(argument) for argument in args]
    named = {name: twin(value) for name, value in kwargs.items()}
    mapped = [place for place, (value, _) in enumerate(twins) if place not in excluded and value is not None]
    if any(name not in excluded for name in kwargs) or any(_is_no_array(twins[place][0]) for place in mapped):
        return None
    moving = [place for place in mapped if twins[place][1] is not None]
    call = _Call(f, twins, named, mapped, moving)
    if signature is not None:
        doubled = _doubled(signature, [mapped.index(place) for place in moving], len(mapped))
        if doubled is None:
            return None
        signature = doubled
    values, tangents = [twins[place][0] for place in mapped], [twins[place][1] for place in moving]
    made = jnp.vectorize(call, signature=signature)(*values, *tangents)
    return call.outcome(made)


class _Call:
    """The function of arrays alone: values and then tangents, of arguments and of results."""

    def __init__(self, f: Any, twins: list[Twin], named: Mapping[str, Twin], mapped: list[int], moving: list[int]):
        self._f, self._twins, self._named, self._mapped, self._moving = f, twins, named, mapped, moving
        self._structure: Any = None
        self._moves: list[bool] = []

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        count = len(self._mapped)
        tangents = dict(zip(self._moving, arrays[count:], strict=True))
        twins = list(self._twins)
        for place, value in zip(self._mapped, arrays[:count], strict=True):
            twins[place] = (value, tangents.get(place))
        out, leaves = pushed(self._f, twins, self._named)
        values, self._structure = jax.tree.flatten(out)
        self._moves = [leaf is not None for leaf in leaves]
        filled = [jnp.zeros_like(value) if leaf is None else leaf for value, leaf in zip(values, leaves, strict=True)]
        return (*values, *filled)

    def outcome(self, made: tuple[Any, ...]) -> Outcome:
        count = len(self._moves)
        out = as_tree(self._structure.unflatten(range(count)), made[:count])
        leaves = [tangent if moves else None for tangent, moves in zip(made[count:], self._moves, strict=True)]
        return out, tangent_form(out, leaves)


def _doubled(signature: str, moving: list[int], count: int) -> str | None:
    """The signature of values and tangents: `(n),(m)->(k)` as `(n),(m),(n)->(k),(k)` where the first argument moves."""
    given, _, returned = signature.partition("->")
    inputs, outputs = (re.findall(r"\([^()]*\)", part) for part in (given, returned))
    if len(inputs) != count:
        return None
    return f"{','.join([*inputs, *(inputs[place] for place in moving)])}->{','.join(outputs * 2)}"


def _is_no_array(value: Any) -> bool:
    return not (isinstance(value, bool | int | complex) or is_inexact(value) or hasattr(value, "shape"))
