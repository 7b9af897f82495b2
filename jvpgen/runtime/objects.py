"""Objects whose attributes may be set anew: dataclasses, and plain classes whose `__init__` is pushed forward.

The tangent of one is a record, even a zero one: of the fields of a dataclass; of the attributes that `__init__` stores,
and of the numbers and arrays of its class.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from jvpgen.runtime.pair import Pair
from jvpgen.runtime.record import Record, fields_of, form_of
from jvpgen.runtime.registry import body_of
from jvpgen.runtime.zero import Zero, zero

Outcome = tuple[Any, Any]


def initialised(kind: type, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """A new object and the record of its attributes' tangents; None where nothing was generated for its `__init__`."""
    from jvpgen.runtime.generated import find_body

    init = inspect.getattr_static(kind, "__init__")
    if type(kind) is not type or kind.__new__ is not object.__new__ or not isinstance(init, types.FunctionType):  # type: ignore[comparison-overlap]
        return None
    made = find_body(init)
    if made is None:
        return None
    out: Any = object.__new__(kind)
    held = Record({}, "object")
    if made.call([Pair(out, held), *args], kwargs) is None:
        return None
    return out, Record({**_zeros(out), **Record.stored(held)}, "object")


def has_places(value: Any) -> bool:
    """Whether what moves may be stored in an attribute of a value."""
    return _is_open_dataclass(value) or _is_plain_object(value)


def zero_object(value: Any) -> Record | None:
    """The zero record of such a value; None of any other."""
    if _is_open_dataclass(value):
        return Record({name: zero(item) for name, item in fields_of(value).items()}, form_of(value) or "object")
    return Record(_zeros(value), "object") if _is_plain_object(value) else None


def _is_open_dataclass(value: Any) -> bool:
    parameters = getattr(type(value), "__dataclass_params__", None)
    return parameters is not None and not parameters.frozen and not isinstance(value, type | nn.Module)


def _is_plain_object(value: Any) -> bool:
    init = inspect.getattr_static(type(value), "__init__")
    return isinstance(init, types.FunctionType) and body_of(init) is not None


def _zeros(value: Any) -> dict[str, Any]:
    """Zeros of the attributes; objects in them may lead back, and are not looked into."""
    return {name: Zero(item) if _is_plain_object(item) else zero(item) for name, item in _attributes(value).items()}


def _attributes(value: Any) -> dict[str, Any]:
    of_class = {name: item for base in type(value).__mro__[::-1] for name, item in vars(base).items()}
    constants = {name: item for name, item in of_class.items() if isinstance(item, _NUMBERS)}
    return {**constants, **vars(value)}


_NUMBERS = (int, float, complex, np.ndarray, np.generic, jax.Array)
