"""Flax's wrappers around lifted methods and functions, made again around the partners of their transforms.

Flax keeps the transform, its settings and the wrapped function in the closure of the wrapper. What looks otherwise, in
another Flax, is not recognised, and goes down the ladder.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

from flax.linen import transforms

from jvpgen.runtime.fields import holds_moving
from jvpgen.runtime.lifts.transforms import partner_of
from jvpgen.runtime.registry import is_handled


def is_lifted(function: Any) -> bool:
    """Whether a lifted transform of Flax made this method or function."""
    if not isinstance(function, types.FunctionType) or is_handled(function):
        return False
    return function.__globals__.get("__name__") == transforms.__name__ and "transform" in function.__code__.co_freevars


def relifted(function: Any, module: Any, arguments: Iterable[Any]) -> Any:
    """The method or function around the partners of its transforms; None if one has no partner.

    Lifts clone modules, and a clone's fields would stand still: what holds values that move is none of theirs either.
    """
    if not is_lifted(function):
        return function
    if any(map(holds_moving, (module, *arguments))):
        return None
    return _relifted(function)


def _relifted(function: types.FunctionType) -> Any:
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    held = {name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}
    partner = partner_of(held.get("transform"))
    if partner is None:
        return None
    held["transform"] = partner
    if "trafo_fn" in held:
        held["trafo_fn"] = None  # what Flax keeps for the next call
    inner = [held["fn"]] if "fn" in held else list(held.get("prewrapped_fns", ()))
    again = [_relifted(part) if is_lifted(part) else part for part in inner]
    if not again or any(part is None for part in again):
        return None
    held.update({"fn": again[0]} if "fn" in held else {"prewrapped_fns": again})
    closure = tuple(types.CellType(held[name]) for name in names)
    made = types.FunctionType(function.__code__, function.__globals__, function.__name__, None, closure)
    made.__dict__.update(vars(function))
    return made
