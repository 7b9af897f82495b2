"""Flax's method interceptor: where a marked call of a module's method becomes a call of its derivative."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn

from jvpgen.runtime import counts
from jvpgen.runtime.generated import find_body
from jvpgen.runtime.marks import is_marked, unmarked
from jvpgen.runtime.opaque import differentiated_method, notice
from jvpgen.runtime.overrides import holds_for
from jvpgen.runtime.pair import Pair
from jvpgen.runtime.registry import body_of


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


def intercept(next_fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: Any) -> Any:
    """A marked call returns a Pair; an unmarked one is the user's, except that `setup` also sets the tangents."""
    function = context.orig_method.func
    if not is_marked(args, kwargs):
        if context.method_name == "setup" and function is not nn.Module.setup:
            return _set_up(function, next_fun, context.module)
        notice(context.module)
        return next_fun(*args, **kwargs)
    kwargs = unmarked(kwargs)
    made = find_body(function)
    if made is not None and not holds_for(made, context.module):
        made = None
    outcome = made.call([context.module, *args], kwargs) if made is not None else None
    if outcome is not None:
        counts.count("dispatched", made.name)  # type: ignore[union-attr]
        return Pair(*outcome)
    return Pair(*differentiated_method(context.module, function, args, kwargs))


def _set_up(function: Any, next_fun: Callable[..., Any], module: Any) -> None:
    made = body_of(function) or find_body(function)
    outcome = made.call([module], {}) if made is not None else None
    if outcome is None:
        next_fun()
