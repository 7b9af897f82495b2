"""What a user's class brings: its operators and properties, looked up as Python does and called with derivatives."""

from __future__ import annotations

import functools
import inspect
import operator
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jvpgen.runtime.index_tricks import joined
from jvpgen.runtime.pair import is_pair
from jvpgen.runtime.pushing import push
from jvpgen.runtime.record import form_of
from jvpgen.runtime.zero import is_zero, like_of, zero

Outcome = tuple[Any, Any]

_BINARY = "add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift".split()
_UNARY = "neg pos invert abs".split()
_ALONE = (*_UNARY, "getitem")
_NAMES = {id(getattr(operator, name)): name.rstrip("_") for name in (*_BINARY, *_ALONE)}
_IN_PLACE = {id(getattr(operator, f"i{name.rstrip('_')}")): name.rstrip("_") for name in _BINARY}


def own_operator(f: Any, args: list[Any]) -> Outcome | None:
    """The outcome of `operator.mul(u, v)` and its like where no operand is an array that decides; None elsewhere."""
    name = _NAMES.get(id(f)) or _IN_PLACE.get(id(f))
    if name is None:
        return None
    outcome = joined(_primal(args[0]), args[1]) if f is operator.getitem else None
    if outcome is not None:
        return outcome
    for method, receivers in _methods(name, args, in_place=id(f) in _IN_PLACE):
        found = push(method, receivers, {})
        if found[0] is not NotImplemented:
            return found
    return _of_containers(f, name, args)


def _methods(name: str, args: list[Any], *, in_place: bool) -> Iterator[tuple[Callable[..., Any], list[Any]]]:
    """The methods of users' classes that Python would ask, in its order, each with its arguments."""
    found = []
    if in_place:
        found.append((f"__i{name}__", args))
    found.append((f"__{name}__", args))
    if name not in _ALONE:
        reflected = (f"__r{name}__", args[::-1])
        left, right = (type(_primal(value)) for value in args)
        overridden = left is not right and issubclass(right, left)
        found.insert(len(found) - 1 if overridden else len(found), reflected)
    for special, receivers in found:
        receiver = _primal(receivers[0])
        method = getattr(type(receiver), special, None)
        is_known = name == "getitem" and form_of(receiver) == "model_output"  # a Record is indexed in the same way
        if isinstance(method, types.FunctionType) and like_of(receiver) is None and not is_known:
            yield method, receivers


def _primal(value: Any) -> Any:
    return value.primal if is_pair(value) else value


def _of_containers(f: Any, name: str, args: list[Any]) -> Outcome | None:
    """`xs + ys`, `xs * 2`, `xs[0]` and `d | e` of lists, tuples and dicts: done to the tangents as well."""
    primals = [_primal(value) for value in args]
    tangents = [value.tangent if is_pair(value) else zero(value) for value in args]
    if not any(isinstance(value, list | tuple | Mapping) for value in primals):
        return None
    if all(is_zero(tangent) for tangent in tangents):
        out = f(*primals)
        return out, zero(out)
    if name == "getitem" and form_of(primals[0]) != "object":
        return f(*primals), tangents[0][primals[1]]
    if name == "mul":
        out = f(*primals)
        numbers = [p if isinstance(p, int) else list(t) for p, t in zip(primals, tangents, strict=True)]
        return out, type(out)(operator.mul(*numbers))
    if name == "or":
        return f(*primals), {**tangents[0], **tangents[1]}
    if name == "add" and id(f) in _NAMES:
        out = f(*primals)
        return out, type(out)([*tangents[0], *tangents[1]])
    return None


def getter(kind: type, name: str) -> Callable[[Any], Any] | None:
    """The function of a property that a user's class has by this name; Flax's own are not looked into."""
    found = inspect.getattr_static(kind, name, None)
    found = getattr(found, "wrapped", found)  # as Flax wraps the properties of its modules
    function: Any = None
    if isinstance(found, property):
        function = found.fget
    elif isinstance(found, functools.cached_property):
        function = found.func
    owner = str(getattr(function, "__module__", "")).partition(".")[0]
    return function if isinstance(function, types.FunctionType) and owner not in ("flax", "jax", "jaxlib") else None
