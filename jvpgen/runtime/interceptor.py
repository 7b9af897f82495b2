"""Flax's method interceptor: where a marked call of a module's method becomes a call of its derivative."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jvpgen.runtime import counts, missing, regions
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.generated import find_body
from jvpgen.runtime.marks import is_marked, unmarked
from jvpgen.runtime.opaque import differentiated_method, notice
from jvpgen.runtime.overrides import holds_for, note_plain_setup
from jvpgen.runtime.pair import Pair
from jvpgen.runtime.registry import body_of, is_opaque
from jvpgen.runtime.unseen import check_nothing_unseen, reads_unseen
from jvpgen.runtime.zero import is_inexact, is_zero


class _Depth(threading.local):
    value = 0


_depth = _Depth()


@contextlib.contextmanager
def intercepted() -> Iterator[None]:
    """Within, marked calls run derivatives. Nesting costs nothing."""
    if _depth.value:
        yield
        return
    _depth.value += 1
    try:
        with nn.intercept_methods(intercept):
            yield
    finally:
        _depth.value -= 1


def is_intercepting() -> bool:
    """Whether generated code runs just now."""
    return _depth.value > 0


def intercept(next_fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: Any) -> Any:
    """A marked call returns a Pair; an unmarked one is the user's, except that `setup` also sets the tangents."""
    function = context.orig_method.func
    if not is_marked(args, kwargs):
        if context.method_name == "setup" and function is not nn.Module.setup:
            return _set_up(function, next_fun, context.module)
        if regions.claims_no_tangent(context.module):
            return _without_tangent(args, kwargs, context)
        notice(context.module)
        with regions.plain():
            return next_fun(*args, **kwargs)
    return Pair(*_differentiated(context.module, function, args, unmarked(kwargs)))


def _differentiated(module: Any, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    made = find_body(function)
    if made is None:
        missing.report(function, missing.of_module(type(module), function), is_known=is_opaque(function))
    elif not holds_for(made, module) or reads_unseen(made.derivative, module):
        made = None
    outcome = made.call([module, *args], kwargs) if made is not None else None
    if outcome is not None:
        check_nothing_unseen(made.derivative, module)  # type: ignore[union-attr]
        counts.count("dispatched", made.name)  # type: ignore[union-attr]
        return outcome
    return differentiated_method(module, function, args, kwargs)


def _without_tangent(args: Sequence[Any], kwargs: Mapping[str, Any], context: Any) -> Any:
    """The result of a call that is said to have no tangent; raises if it may have one, arrays given to it included."""
    moving = {name: _moving(value) for name, value in kwargs.items()}
    out, out_dot = _differentiated(context.module, context.orig_method.func, [_moving(value) for value in args], moving)
    if not is_zero(out_dot):
        raise LostTangent(
            f"{type(context.module).__name__}.{context.method_name} has a tangent, and is called as if it were a "
            "method of a text, a container or an array; annotate what holds the module with its class, or rename it"
        )
    return out


def _moving(value: Any) -> Any:
    return Pair(value, jnp.zeros_like(value)) if isinstance(value, jax.Array) and is_inexact(value) else value


def _set_up(function: Any, next_fun: Callable[..., Any], module: Any) -> None:
    made = body_of(function) or find_body(function)
    outcome = made.call([module], {}) if made is not None and holds_for(made, module) else None
    if outcome is None:
        if made is not None:
            note_plain_setup(module)
        with regions.plain():
            next_fun()
