"""The tangent of a user's container, kept by field.

A NamedTuple, a dataclass, a `flax.struct` or a transformers `ModelOutput` holds fields, and so does its tangent: a
`Record` answers attribute, index, iteration and the mapping methods as the primal would. The user's class never sees a
tangent until the public boundary (`boundary.materialised`). What the class has of its own (properties, methods,
operators, an `__iter__`) is not linear in general, and no business of a Record: it refuses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import jax

from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.zero import is_zero

Form = Literal["tuple", "mapping", "model_output", "object"]


class Record:
    """Tangents by field name, in order. `form` says how the primal counts, iterates and indexes its fields."""

    __slots__ = ("_fields", "_form")

    def __init__(self, fields: Mapping[Any, Any], form: Form) -> None:
        object.__setattr__(self, "_fields", dict(fields))
        object.__setattr__(self, "_form", form)

    def mapped(self, change: Callable[[Any, Any], Any]) -> Record:
        return Record({name: change(name, tangent) for name, tangent in self._fields.items()}, self._form)

    def stored(self) -> dict[Any, Any]:
        """The tangents by field, a copy."""
        return dict(self._fields)

    def become(self, other: Record) -> Record:
        """The same record, with the tangents of another: somebody may hold it, and fill it later."""
        self._fields.update(other._fields)
        return self

    def all_zero(self) -> bool:
        return all(is_zero(tangent) for tangent in self._fields.values())

    def __getattribute__(self, name: str) -> Any:
        """A field, even if it is called `values` or `items`; those of a mapping are no attributes."""
        if name not in _OWN_ATTRIBUTES and self._form != "mapping":
            if name in self._fields:
                return self._fields[name]
            if name in _OF_MAPPINGS and self._form != "model_output":
                raise AttributeError(name)  # its class defines it, if anything does
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:
            return self._fields[name]
        raise AttributeError(f"no tangent of a field {name!r}; there are {list(self._fields)}")

    def __setattr__(self, name: str, tangent: Any) -> None:
        self._fields[name] = tangent

    def __setitem__(self, name: Any, tangent: Any) -> None:
        self._fields[name] = tangent

    def __getitem__(self, index: Any) -> Any:
        if self._form == "mapping" or isinstance(index, str):
            return self._fields[index]
        if self._form == "object":
            raise LostTangent(f"a record with the fields {list(self._fields)} is indexed by a method of its class")
        return self._present()[index]

    def __iter__(self) -> Iterator[Any]:
        if self._form in ("mapping", "model_output"):
            return iter(Record.keys(self))
        if self._form == "object":
            raise LostTangent(f"a record with the fields {list(self._fields)} is iterated by a method of its class")
        return iter(self._present())

    def __len__(self) -> int:
        return len(self._present())

    def __contains__(self, name: Any) -> bool:
        return name in self._fields

    def _present(self) -> tuple[Any, ...]:
        """ModelOutput counts only the fields that are not None."""
        if self._form == "model_output":
            return tuple(tangent for tangent in self._fields.values() if tangent is not None)
        return tuple(self._fields.values())

    def to_tuple(self) -> tuple[Any, ...]:
        return self._present()

    def keys(self) -> list[Any]:
        return [name for name, t in self._fields.items() if not (self._form == "model_output" and t is None)]

    def values(self) -> list[Any]:
        return [self._fields[name] for name in Record.keys(self)]

    def items(self) -> list[tuple[Any, Any]]:
        return [(name, self._fields[name]) for name in Record.keys(self)]

    def get(self, name: Any, default: Any = None) -> Any:
        return self._fields.get(name, default)

    def replace(self, **changes: Any) -> Record:
        """As `_replace`, `flax.struct`'s and `dataclasses.replace` would."""
        return Record({**self._fields, **changes}, self._form)

    _replace = replace

    def _asdict(self) -> dict[Any, Any]:
        return dict(self._fields)

    def __repr__(self) -> str:
        return f"Record({self._fields!r})"

    def _refused(self, *others: Any) -> Any:
        raise LostTangent(f"an operator of a user's class, on a record with the fields {list(self._fields)}")

    __array_ufunc__ = None  # an array leaves `array op Record` to us
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refused
    __matmul__ = __rmatmul__ = __pow__ = __rpow__ = __mod__ = __rmod__ = __neg__ = __pos__ = _refused


_OF_MAPPINGS = frozenset(("keys", "values", "items", "get", "to_tuple"))
_OWN_ATTRIBUTES = frozenset(("_fields", "_form"))

jax.tree_util.register_pytree_node(
    Record,
    lambda record: (tuple(record._fields.values()), (tuple(record._fields), record._form)),
    lambda form, tangents: Record(dict(zip(form[0], tangents, strict=True)), form[1]),
)


def is_mutable(value: Any) -> bool:
    """Whether the fields of a user's container may be set anew: then its tangent stays one and the same record."""
    parameters = getattr(type(value), "__dataclass_params__", None)
    return not isinstance(value, tuple) and not (parameters is not None and parameters.frozen)


def form_of(value: Any) -> Form | None:
    """How a user's container holds its fields; None when it is not one of the known kinds."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        kind = type(value)
        own = kind.__iter__ is not tuple.__iter__ or kind.__getitem__ is not tuple.__getitem__
        return "object" if own else "tuple"
    if isinstance(value, Mapping):
        return "model_output" if hasattr(value, "to_tuple") else "mapping"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return "object"
    return None


def fields_of(value: Any) -> dict[Any, Any]:
    """The fields of a user's container, None ones too."""
    if isinstance(value, tuple):
        return dict(zip(value._fields, value, strict=True))  # type: ignore[attr-defined]
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return dict(value)


def field_names(kind: type) -> list[str] | None:
    """The constructor's parameters that are fields, in order; None when the class is no container we know."""
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return list(kind._fields)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind) if field.init]
    return None
