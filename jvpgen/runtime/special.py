"""Records of which a generated file may not know that their class decides what an attribute or an operator means.

`x.size` and `x * y` are an array's, unless the compiler has seen a class with such a field or operator; then the file
says so, in its `RECORD_MEMBERS`. A record of another class, whose tangent would be taken for an array's, is refused.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from jvpgen.runtime.record import fields_of, form_of

_FIELDS = frozenset("shape dtype ndim size sharding itemsize nbytes weak_type aval".split())
_READS = frozenset(("keys", "index", "count"))
_OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift",
}  # fmt: skip
_INSTRUCTIONS = {"UNARY_NEGATIVE": "__neg__", "UNARY_INVERT": "__invert__", "BINARY_SUBSCR": "__getitem__"}


def unknown_member(value: Any, code: types.CodeType, known: Mapping[str, Any]) -> str | None:
    """A member of a record in `value` that `code`, of a file with the globals `known`, would take for an array's."""
    if isinstance(value, jax.Array | np.ndarray | int | float | str | nn.Module) or value is None:
        return None
    kind: Any = type(value)
    if kind is list or kind is tuple:
        parts = list(value)
    elif kind is dict:
        parts = list(value.values())
    elif form_of(value) in ("tuple", "object"):
        fields = fields_of(value)
        own = [name for name in _FIELDS.intersection(fields) if _is_array(fields[name])]
        own += _own_methods(kind) if any(map(_holds_array, fields.values())) else []
        unknown = [name for name in own if name not in known.get("RECORD_MEMBERS", ()) and name in _read_by(code)]
        if unknown:
            return f"{kind.__name__}.{unknown[0]}"
        parts = list(fields.values())
    else:
        return None
    return next((found for part in parts if (found := unknown_member(part, code, known)) is not None), None)


def _is_array(value: Any) -> bool:
    return isinstance(value, jax.Array | np.ndarray)


def _holds_array(value: Any) -> bool:
    return any(map(_is_array, jax.tree.leaves(value)))


@cache
def _own_methods(kind: type) -> tuple[str, ...]:
    """Operators, and methods called like what a list has, that a class defines itself."""
    names = [f"__{prefix}{name}__" for name in _OPERATORS.values() for prefix in ("", "r", "i")]
    names += [*_INSTRUCTIONS.values(), *sorted(_READS)]
    return tuple(name for name in names if isinstance(getattr(kind, name, None), types.FunctionType))


@cache
def _read_by(code: types.CodeType) -> frozenset[str]:
    """Attributes that code reads, and the special methods of the operators in it."""
    return frozenset(_reads(code))


def _reads(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for instruction in dis.get_instructions(code):
        if instruction.opname in _INSTRUCTIONS:
            yield _INSTRUCTIONS[instruction.opname]
        elif instruction.opname == "BINARY_OP":
            name = _OPERATORS.get(instruction.argrepr.removesuffix("="))
            yield from ("__getitem__",) if name is None else (f"__{name}__", f"__r{name}__", f"__i{name}__")
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _reads(inner)
