"""Whether a body holds for a subclass, which may replace methods and attributes that the body relies on.

A body calls what had no tangent in its own class as it is. If a subclass overrides such a method or property, or makes
a constant attribute active, the body is not used: the method is differentiated as a whole.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import flax.linen as nn

from jvpgen.runtime.fields import moving_fields
from jvpgen.runtime.pair import is_pair
from jvpgen.runtime.reads import attributes_of_self, stored_attributes, values_read
from jvpgen.runtime.registry import Body, body_of, exact_function, is_opaque
from jvpgen.runtime.unseen import stored_tangents
from jvpgen.runtime.zero import is_zero

_STATE = frozenset(("param", "variable", "variables", "get_variable", "perturb"))
_replaced: WeakKeyDictionary[type, dict[Any, tuple[tuple[str, bool], ...]]] = WeakKeyDictionary()


def holds_for(made: Body, module: nn.Module) -> bool:
    """Whether what a body takes for constant is so in this module: of a class that is none of modules it takes nothing
    for constant, but Flax does not say when a `setup` of such a class runs."""
    if made.takes_receiver:
        kind: Any = type(module)
        return not _sets_up_unnoticed(kind)
    names = attributes_of_self(made.derivative.__code__)
    held = vars(module)
    if is_set_up_plainly(module):
        return False
    moving = {name for name in held if f"{name}_dot" in held and not is_zero(held[f"{name}_dot"])}
    without_tangent = {name for name in moving if name in names and f"{name}_dot" not in names}
    if without_tangent and not without_tangent <= known_to_move(type(module), made.target):
        return False
    known = _replaced.setdefault(type(module), {})
    if made not in known:
        known[made] = tuple(_replaced_names(type(module), made.target, names))
    fields = moving_fields(module).keys()
    if fields and not fields.isdisjoint(_read_plainly(type(module), made)):
        return False
    moving |= fields
    return not any(is_method or _may_move(type(module), name, moving) for name, is_method in known[made])


@functools.cache
def _sets_up_unnoticed(kind: type) -> bool:
    """Whether a class of a module's that is none of modules brings a `setup`: what that stores has no tangent."""
    return any("setup" in vars(base) for base in kind.__mro__ if not issubclass(base, nn.Module))


def _read_plainly(kind: Any, made: Body) -> frozenset[str]:
    """The attributes that a body reads as they stand, and those that are read by what it evaluates as constant."""
    code = made.derivative.__code__
    relied_on = _relied_on(kind, attributes_of_self(code))
    sources = (function.__code__ for name in relied_on for function in _constant_sources(kind, name))
    return values_read(code).union(*map(values_read, sources))


def holds_for_call(made: Body, args: Sequence[Any]) -> bool:
    """The same of a derivative that is about to be called: it holds for whatever is no method of its first argument."""
    owner: Any = args[0].primal if args and is_pair(args[0]) else args[0] if args else None
    if not isinstance(owner, nn.Module) or not isinstance(made.target, types.FunctionType):
        return True
    kind: Any = type(owner)
    return not _is_method_of(kind, made.target) or holds_for(made, owner)


@functools.cache
def relies_on_overridden(kind: type, function: types.FunctionType) -> bool:
    """Whether a method without a derivative evaluates what a subclass has overridden by what may move."""
    replaced = _replaced_names(kind, function, attributes_of_self(function.__code__))
    return any(is_method or _may_move(kind, name, set()) for name, is_method in replaced)


@functools.cache
def _is_method_of(kind: type, function: Any) -> bool:
    return any(_defines(base, function) for base in kind.__mro__)


def _replaced_names(kind: type, function: Any, names: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """What the body relies on, without a derivative in its class, and a subclass overrides by whatever it may be; each
    with whether it is a method."""
    mro = kind.__mro__
    place = _place(kind, function)
    overridden = {name for base in mro[:place] for name in {**vars(base), **vars(base).get("__annotations__", {})}}
    own_fields = set(getattr(mro[place], "__dataclass_fields__", ()))
    for name in sorted(overridden & _relied_on(mro[place], names) - own_fields if overridden else ()):
        original = inspect.getattr_static(mro[place], name, None)
        if not name.startswith("__") and original is not None and not _has_body(original):
            yield name, callable(original) and not isinstance(original, type)


def _place(kind: type, function: Any) -> int:
    """Where among the bases a method is defined."""
    return next((i for i, base in enumerate(kind.__mro__) if _defines(base, function)), 0)


def known_to_move(kind: type, function: Any) -> set[str]:
    """The attributes whose tangents are stored by the class in which a method is defined: a body of the method that
    reads such a one alone does so on purpose, for its shape or under a `stop_gradient`. A function is no method."""
    owner = kind.__mro__[_place(kind, function)]
    return stored_tangents(owner) if _defines(owner, function) else set()


def _relied_on(kind: type, names: Iterable[str]) -> set[str]:
    """The names that a body reads, and those that is read by what it evaluates as constant: methods and properties
    without a derivative, and those that store an attribute."""
    found: set[str] = set()
    waiting = [name for name in names if not hasattr(nn.Module, name)]
    while waiting:
        name = waiting.pop()
        if name not in found and not hasattr(nn.Module, name):
            found.add(name)
            for function in _constant_sources(kind, name):
                waiting += attributes_of_self(function.__code__)
    return found


def _constant_sources(kind: type, name: str) -> Iterator[types.FunctionType]:
    """The functions of a class without a derivative by which it has an attribute."""
    original = inspect.getattr_static(kind, name, None)
    functions = [original, *(item for base in kind.__mro__ for item in _storing(base, name))]
    for item in functions:
        function = exact_function(getattr(item, "wrapped", item)) if item is not None else None
        if isinstance(function, types.FunctionType) and not _has_body(function):
            yield function


def _storing(kind: type, name: str) -> Iterator[Any]:
    for item in vars(kind).values() if kind is not nn.Module and issubclass(kind, nn.Module) else ():
        function = exact_function(item) if callable(item) else None
        if isinstance(function, types.FunctionType) and name in stored_attributes(function.__code__):
            yield function


def _has_body(item: Any) -> bool:
    """Whether a method or property has a derivative: then it is asked for by its name, and an override answers."""
    function = exact_function(getattr(item, "wrapped", item))
    return body_of(function) is not None or is_opaque(function)


def _defines(base: type, function: Any) -> bool:
    held = (getattr(value, "wrapped", value) for value in vars(base).values())
    return any(exact_function(item) is function for item in held if callable(item) or hasattr(item, "__get__"))


def _may_move(kind: type, name: str, moving: set[str]) -> bool:
    """Whether what overrides a property may compute with variables: a method may, a property if its code says so, a
    field if it was given what moves."""
    if name in {field.name for field in dataclasses.fields(kind)}:
        return name in moving
    override = inspect.getattr_static(kind, name)
    if callable(override) and not isinstance(override, type):
        return True
    getter = getattr(getattr(override, "wrapped", override), "fget", None)
    if getter is None:
        return hasattr(override, "__get__")  # a plain value of the class has no tangent
    names = attributes_of_self(getter.__code__)
    methods = {item for item in names if callable(getattr(kind, item, None))}
    return bool(names & (_STATE | moving | methods)) or _has_body(getter)


# --- setup ------------------------------------------------------------------------------------------------------------

_PLAINLY = "_jvpgen_set_up_plainly"


def note_plain_setup(module: nn.Module) -> None:
    """Remembers that a body of the module's `setup` did not hold, so that its attributes have no tangents."""
    object.__setattr__(module, _PLAINLY, True)


def is_set_up_plainly(module: nn.Module) -> bool:
    return _PLAINLY in vars(module)
