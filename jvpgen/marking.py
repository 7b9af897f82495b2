"""`derive`: the decorator that marks what shall have a derivative. It changes nothing and imports nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

Marked = TypeVar("Marked", bound=Callable[..., Any])


@dataclass(frozen=True)
class FileState:
    """A source file as it was when it was imported."""

    modified: int
    size: int


_states: dict[str, FileState] = {}


def state_of(path: str) -> FileState | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return FileState(found.st_mtime_ns, found.st_size)


def changed_since_import(path: str) -> bool:
    """Whether a file that uses `derive` is no longer the one that was imported."""
    noted = _states.get(os.path.abspath(path))
    return noted is not None and noted != state_of(path)


@overload
def derive(target: Marked, /) -> Marked: ...
@overload
def derive(
    *,
    variables: Sequence[str] | None = None,
    arguments: Sequence[str] | None = None,
    name: str | None = None,
    install: bool = False,
    custom_vjp: Literal["error", "primal"] = "error",
) -> Callable[[Marked], Marked]: ...
def derive(target: Any = None, /, **options: Any) -> Any:
    """Marks a linen Module class, a function of arrays, or a function of a flax.core Scope.

    The options are read from the source text by `python -m jvpgen`; at run time they are only checked for spelling.

    Args:
      target: the class or function, where `derive` is used without options.
      variables: patterns of the variables that get tangents, as `"params/**/lora_*"`. Default: all.
      arguments: names of the arguments that get tangents. Default: all.
      name: the name of the generated function.
      install: make `jax.jvp`, `linearize`, `jacfwd`, `hessian` and `grad` over `apply` use the generated code. (This
        imports JAX, which the class needs anyway.)
      custom_vjp: what becomes of functions of the file with a `jax.custom_vjp`: an error, or, with "primal", the
        derivative of their source. For other files the configuration says it.
    """
    unknown = set(options) - {"variables", "arguments", "name", "install", "custom_vjp"}
    if unknown:
        raise TypeError(f"derive() has no option {sorted(unknown)[0]!r}")
    mark = _installed if options.get("install") else _noted
    return mark if target is None else mark(target)


def _installed(target: Marked) -> Marked:
    if not isinstance(target, type):
        raise TypeError("derive(install=True) is for module classes: a function has no `apply`")
    from jvpgen.runtime.install import install

    install(target)
    return _noted(target)


def _noted(target: Marked) -> Marked:
    module = sys.modules.get(getattr(target, "__module__", ""))
    path = getattr(module, "__file__", None)
    if path is not None and (found := state_of(path)) is not None:
        _states.setdefault(os.path.abspath(path), found)
    return target
