"""Code without a derivative of its own: what there is to say about it, inside `jvpgen.jvp`.

There it runs in `nn.jvp`'s own way, with one warning for each function; with `strict=True` it stops. The front doors
that take a module in hand ask once, at the door, with the same words.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
import warnings
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

from jvpgen.runtime.errors import NotGenerated, NotGeneratedWarning
from jvpgen.runtime.registry import is_opaque


class _Policy(threading.local):
    is_watching = False
    is_strict = False


_policy = _Policy()
_told: WeakSet[types.CodeType] = WeakSet()


@contextlib.contextmanager
def reported(strict: bool) -> Iterator[None]:
    """Within, what has no derivative is warned of, or refused."""
    before = _policy.is_watching, _policy.is_strict
    _policy.is_watching, _policy.is_strict = True, strict
    try:
        yield
    finally:
        _policy.is_watching, _policy.is_strict = before


def is_watched() -> bool:
    return _policy.is_watching


def report(function: Any, message: str, *, is_known: bool = False) -> None:
    """Says that a function runs in `nn.jvp`'s own way; `is_known` if the compiler has said so already."""
    if not _policy.is_watching or is_flax(function):
        return
    if _policy.is_strict:
        raise NotGenerated(message)
    code = getattr(function, "__code__", None)
    if is_known or code is None or code in _told:
        return
    _told.add(code)
    warnings.warn(f"{message}; it runs as in flax.linen.jvp", NotGeneratedWarning, stacklevel=_outside())


def _outside() -> int:
    """How far up the stack the first frame stands that is neither jvpgen's nor Flax's."""
    frame: Any = sys._getframe(2)
    level = 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("jvpgen", "flax", "jax"):
        frame, level = frame.f_back, level + 1
    return level


def is_flax(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).partition(".")[0] == "flax"


def of_module(kind: type, function: Any) -> str:
    """What is missing for a method of a module class, and the command or call that makes it."""
    name = getattr(function, "__qualname__", kind.__qualname__)
    if is_opaque(function):
        return f"no derivative of {name}: the compiler could not write it out"
    source = sys.modules.get(getattr(function, "__module__", ""), None)
    path = getattr(source, "__file__", None)
    if path is None:
        return f"no derivative of {name}: use jvpgen.transform({kind.__name__}), since it is in no file"
    return f"no derivative of {name}: run  python -m jvpgen {os.path.relpath(path)}"


def of_function(function: Any, reason: str) -> str:
    """What is missing for a function that was to be derived when it was called."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    code = getattr(function, "__code__", None)
    place = "" if code is None else f" ({os.path.basename(code.co_filename)}:{code.co_firstlineno})"
    return f"no derivative of {name}{place}: {reason}"
