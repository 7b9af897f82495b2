"""Calls that jvpgen does not understand: `jax.jvp` over the one call, counted, and over everything that moves.

When nothing that moves can reach the call, it is a plain call. When a bound module can reach it, or it turns out to use
one of the module around it, all scopes are lifted (`lifted`); else it is `jax.jvp` over its arguments.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
from flax.core import Scope
from flax.linen.module import _context, wrap_method_once

from jvpgen.runtime import commuting, counts, regions, shadows
from jvpgen.runtime.activity import Reach, rebuilt
from jvpgen.runtime.constants import Copies
from jvpgen.runtime.lifted import _Result, lifted_jvp
from jvpgen.runtime.pair import primal_of
from jvpgen.runtime.snapshot import Snapshot
from jvpgen.runtime.zero import zero

Outcome = tuple[Any, Any]


@regions.plain()
def differentiated_method(module: nn.Module, function: Any, args: Any, kwargs: Mapping[str, Any]) -> Outcome:
    """A method of a bound module that has no derivative of its own, under a lifted `jax.jvp`."""
    method = wrap_method_once(function)
    reach = _reach_of(None, args, kwargs)
    reach.add(module)
    modules = {id(module): module, **reach.modules}
    if reach.is_still and not _any_moves(modules.values()):
        out = method(module, *primal_of(list(args)), **primal_of(dict(kwargs)))
        return out, zero(out)
    if module.scope is None:
        return _direct(method, [module, *args], kwargs)

    def call(clones: Mapping[int, Any], arrays: Iterator[Any]) -> Any:
        def bound(*new_args: Any, **new_kwargs: Any) -> Any:
            return method(rebuilt(module, arrays, clones), *new_args, **new_kwargs)

        return _called(bound, args, kwargs, arrays, clones, getattr(function, "__qualname__", "a method"))

    counts.count("opaque", f"{type(module).__name__}.{getattr(function, '__name__', '?')}")
    return lifted_jvp(call, list(modules.values()), reach.primals, reach.tangents)


@regions.plain()
def differentiated_in_scope(function: Any, scope: Scope, args: Sequence[Any]) -> Outcome:
    """A function of a scope and arrays, all of it under a lifted `jax.jvp`."""
    reach = _reach_of(None, [scope, *args], {})

    def call(clones: Mapping[int, Any], arrays: Iterator[Any]) -> Any:
        return function(clones[id(scope)], *[rebuilt(argument, arrays, clones) for argument in args])

    counts.count("opaque", str(getattr(function, "__qualname__", "a function of a scope")))
    return lifted_jvp(call, list(reach.modules.values()), reach.primals, reach.tangents)


@regions.plain()
def opaque(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """A callable that has neither derivative nor rule."""
    reach = _reach_of(f, args, kwargs)
    if _any_moves(reach.modules.values()):
        return _lifted(f, args, kwargs, reach)
    current = _context.module_stack[-1]
    if current is None or current.scope is None or not shadows.has_shadows(current.scope) or _is_library(f):
        return _plain_or_direct(f, args, kwargs, reach)
    state = Snapshot(current)
    try:
        with _watching():
            return _plain_or_direct(f, args, kwargs, reach)
    except UsesModules:
        state.restore()
        return _lifted(f, args, kwargs, reach)


def _plain_or_direct(f: Any, args: list[Any], kwargs: Mapping[str, Any], reach: Reach) -> Outcome:
    if reach.is_still:
        out = f(*primal_of(args), **primal_of(dict(kwargs)))
        return out, zero(out)
    return _direct(f, args, kwargs)


def _direct(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """`jax.jvp` over the call's own arguments."""
    commuting.order_matters()
    reach = _reach_of(f, args, kwargs)
    name = str(getattr(f, "__qualname__", type(f).__name__))
    forms: list[_Result] = []

    def function(arrays: list[Any]) -> list[Any]:
        rest = iter(arrays)
        forms[:] = [_Result(_called(rebuilt(f, rest, {}), args, kwargs, rest, {}, name))]
        return forms[0].arrays

    counts.count("opaque", name)
    arrays, tangents = jax.jvp(function, (reach.primals,), (reach.tangents,))
    return forms[0].pair(arrays, tangents)


def _lifted(f: Any, args: list[Any], kwargs: Mapping[str, Any], reach: Reach) -> Outcome:
    """The call with the module around it, and all others it can reach, lifted."""
    name = str(getattr(f, "__qualname__", type(f).__name__))
    current = _context.module_stack[-1]
    modules = dict(reach.modules)
    if current is not None and current.scope is not None:
        modules = {id(current): current, **modules}

    def call(clones: Mapping[int, Any], arrays: Iterator[Any]) -> Any:
        def inside(_: Any) -> Any:
            return _called(rebuilt(f, arrays, clones), args, kwargs, arrays, clones, name)

        if current is None or id(current) not in clones:
            return inside(None)
        return wrap_method_once(inside)(clones[id(current)])  # new submodules belong to the clone

    counts.count("opaque", name)
    return lifted_jvp(call, list(modules.values()), reach.primals, reach.tangents)


def _called(
    f: Any, args: Any, kwargs: Mapping[str, Any], arrays: Iterator[Any], modules: Mapping[int, Any], name: str
) -> Any:
    """The call on the same arguments around other arrays and modules; it must not change those that are copies."""
    new_args = [rebuilt(a, arrays, modules) for a in args]
    new_kwargs = {key: rebuilt(a, arrays, modules) for key, a in kwargs.items()}
    copies = Copies([*new_args, *new_kwargs.values()], [*args, *kwargs.values()])
    out = f(*new_args, **new_kwargs)
    copies.check(name)
    return out


def _reach_of(f: Any, args: Any, kwargs: Mapping[str, Any]) -> Reach:
    reach = Reach()
    for value in ([] if f is None else [f], args, kwargs.values()):
        for item in value:
            reach.add(item)
    return reach


def reaches_moving_modules(args: list[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call is given a module or scope whose variables move."""
    return _any_moves(_reach_of(None, args, kwargs).modules.values())


def _any_moves(modules: Any) -> bool:
    scopes = [owner if isinstance(owner, Scope) else owner.scope for owner in modules]
    return any(scope is not None and shadows.has_shadows(scope) for scope in scopes)


_LIBRARIES = frozenset(("jax", "jaxlib", "numpy", "builtins", "math", "operator", "functools", "einops"))


def _is_library(f: Callable[..., Any]) -> bool:
    """Whether the callable cannot know a Flax module that it is not given."""
    owner = getattr(f, "__module__", None) or getattr(type(f), "__module__", "")
    return str(owner).partition(".")[0] in _LIBRARIES


# --- Watching for modules that a call finds by itself -----------------------------------------------------------------


class UsesModules(Exception):
    """A call that was thought to know no module calls one whose variables move."""


class _Watch(threading.local):
    depth = 0


_watch = _Watch()


@contextlib.contextmanager
def _watching() -> Iterator[None]:
    _watch.depth += 1
    try:
        yield
    finally:
        _watch.depth -= 1


def notice(module: Any) -> None:
    """Called for every plain call of a module's method."""
    if _watch.depth and module.scope is not None and shadows.has_shadows(module.scope):
        raise UsesModules
