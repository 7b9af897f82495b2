"""Attributes of other modules that a derivative takes for constant, though they may move.

The compiler knows which attributes hold modules by what `setup` makes and by the types of fields. A module that comes
in another way (in a field of type `Any`, in a list of one) is seen only now: where a derivative reads an attribute of
something other than `self` as it stands, and a module that it can reach has one of that name that moves, the derivative
is not used, or, if that module was set up only inside, stopped.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import flax.linen as nn

from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.fields import moving_fields
from jvpgen.runtime.members import getter
from jvpgen.runtime.reads import plain_reads, stored_attributes
from jvpgen.runtime.zero import is_zero

_may_move: WeakKeyDictionary[type, dict[str, bool]] = WeakKeyDictionary()


def reads_unseen(derivative: Any, module: nn.Module) -> bool:
    """Whether the derivative of a method reads as constant what may move in a module that this one holds."""
    names = plain_reads(derivative.__code__)
    return bool(names) and any(may_move(type(other), name) for other in _held(module) for name in names)


def check_nothing_unseen(derivative: Any, module: nn.Module) -> None:
    """After the derivative has run: raises if it read as constant what moves in a module that it made, or set up."""
    names = plain_reads(derivative.__code__)
    for other in _held(module) if names else ():
        for name in names:
            if _moves(other, name):
                raise LostTangent(
                    f"{type(module).__name__} reads `{name}` of a {type(other).__name__}, which has a tangent, as a "
                    "constant: annotate what holds the module with its class"
                )


# --- What may move ----------------------------------------------------------------------------------------------------


def may_move(kind: type, name: str) -> bool:
    """Whether an attribute of a module class may have a tangent: one that `setup` stores, or a property."""
    known = _may_move.setdefault(kind, {})
    if name not in known:
        of_property = getter(kind, name)
        known[name] = _has_tangent(of_property) if of_property is not None else _is_stored_moving(kind, name)
    return known[name]


def _has_tangent(function: Any) -> bool:
    from jvpgen.runtime.generated import find_body
    from jvpgen.runtime.registry import is_opaque

    return find_body(function) is not None or is_opaque(function)


def _is_stored_moving(kind: type, name: str) -> bool:
    """Whether a method of the class stores the attribute, with a tangent or with nobody knowing whether."""
    for base in kind.__mro__[: kind.__mro__.index(nn.Module)]:
        for function in _functions(base):
            if name in stored_attributes(function.__code__) and _may_store_tangent(function, base, kind, name):
                return True
    return False


def _functions(kind: type) -> list[types.FunctionType]:
    from jvpgen.runtime.registry import exact_function

    found = [exact_function(item) for item in vars(kind).values() if callable(item)]
    return [function for function in found if isinstance(function, types.FunctionType)]


def _may_store_tangent(function: types.FunctionType, base: type, kind: type, name: str) -> bool:
    """Whether a method of `base` stores the attribute's tangent: where the class is derived, one without a body stores
    none, unless `kind` overrides what it evaluates."""
    from jvpgen.runtime.generated import find_body
    from jvpgen.runtime.overrides import relies_on_overridden
    from jvpgen.runtime.registry import body_of, is_opaque

    made = find_body(function)
    if made is not None:
        return f"{name}_dot" in stored_attributes(made.derivative.__code__)
    is_derived = not is_opaque(function) and any(map(body_of, _functions(base)))
    return not is_derived or relies_on_overridden(kind, function)


def stored_tangents(kind: type) -> set[str]:
    """The attributes of a module class of which its own bodies and those of its bases store the tangents."""
    from jvpgen.runtime.registry import body_of

    bodies = [body_of(function) for base in kind.__mro__ for function in _functions(base)]
    stored = set[str]().union(*(stored_attributes(made.derivative.__code__) for made in bodies if made is not None))
    return {name.removesuffix("_dot") for name in stored if name.endswith("_dot")}


def _moves(module: nn.Module, name: str) -> bool:
    """Whether an attribute of a module that is set up has a tangent, and no zero one."""
    tangent = vars(module).get(f"{name}_dot", moving_fields(module).get(name))
    return not is_zero(getattr(tangent, "value", tangent))


# --- Modules in reach -------------------------------------------------------------------------------------------------


def _held(module: nn.Module) -> Iterator[nn.Module]:
    """The modules in a module's fields, attributes and children, theirs included."""
    seen = {id(module)}
    waiting: list[Any] = [module]
    while waiting:
        value = waiting.pop()
        for part in _parts(value):
            if id(part) in seen or part is None or isinstance(part, str | int | float):
                continue
            seen.add(id(part))
            waiting.append(part)
            if isinstance(part, nn.Module):
                yield part


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, nn.Module):
        held = [item for name, item in vars(value).items() if name not in ("parent", "scope") and name[0] != "_"]
        return [*held, *value._state.children.values()]
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    return ()
