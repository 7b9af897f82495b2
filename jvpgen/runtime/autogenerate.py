"""Derivatives made on first use, in memory: Flax's own modules and functions, and what `transform` has allowed.

A live function is traced back to its file, its module and the name of its outermost class or function; the compiler
turns that into text, and the text is run as a module of its own, whose bodies register themselves.
"""

from __future__ import annotations

import importlib
import inspect
import linecache
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jvpgen.runtime import text_cache
from jvpgen.runtime.user_rules import registered

_allowed: set[str] = {"flax"}
_through_source: set[str] = set()  # packages whose functions with a `jax.custom_vjp` are differentiated as written
_outcomes: dict[tuple[str, str], Generated | Exception] = {}
_lock = threading.RLock()


@dataclass(frozen=True)
class Generated:
    """One piece of generated text, run."""

    text: str
    module: types.ModuleType
    report: Any = None


class NotDerivable(Exception):
    """A live object that cannot be traced back to source, or that the compiler refuses."""


def allow(module_name: str, custom_vjp: str = "error") -> None:
    """Lets derivatives be made in memory for everything in the package that `module_name` belongs to."""
    package = module_name.partition(".")[0]
    _allowed.add(package)
    if custom_vjp == "primal" and package not in _through_source:
        _through_source.add(package)
        for place in [place for place, outcome in _outcomes.items() if isinstance(outcome, Exception)]:
            del _outcomes[place]  # it may be possible now


def _policy(module_name: str) -> str:
    return "primal" if module_name.partition(".")[0] in _through_source else "error"


def generate_for(target: Callable[..., Any] | type) -> bool:
    """Makes the derivative of a function, a method or a class; whether there is one now."""
    module_name = getattr(target, "__module__", None)
    if not isinstance(module_name, str) or module_name.partition(".")[0] not in _allowed:
        return False
    if "<" in getattr(target, "__qualname__", "<"):  # made by a function: its source is not its own
        return False
    try:
        generate(target)
    except NotDerivable:
        return False
    return True


def generate(target: Callable[..., Any] | type) -> Generated:
    """The generated text for a live object; made once per process."""
    place = (target.__module__, target.__qualname__.partition(".")[0])
    with _lock:
        outcome = _outcomes.get(place)
        if outcome is None:
            try:
                outcome = _run(_text(target, *place), *place)
            except NotDerivable as refused:
                outcome = refused
            _outcomes[place] = outcome
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def report_of(target: Any) -> Any:
    """What the compiler says of a live object and of all that it runs: asked for apart, since it reads many files."""
    pipeline = importlib.import_module("jvpgen.pipeline")
    name = target.__qualname__.partition(".")[0]
    module = target.__module__
    return pipeline.report_in_memory(_source_file(target), module, name, registered(module), _policy(module))


def refusals() -> dict[str, str]:
    """What could not be derived so far in this process, and why."""
    return {f"{m}.{n}": str(reason) for (m, n), reason in _outcomes.items() if isinstance(reason, Exception)}


def _text(target: Any, module_name: str, qualname: str) -> tuple[str, Any]:
    path = _source_file(target)
    try:
        source = Path(path).read_text(encoding="utf-8")
    except OSError as missing:
        raise NotDerivable(f"no source of {module_name}: {missing}") from missing
    key = text_cache.key_of(source, module_name, f"{qualname} {_policy(module_name)}", registered(module_name))
    cached = text_cache.read(key)
    if cached is not None:
        return cached, None
    text, report = _derived(path, module_name, qualname)
    text_cache.write(key, text)
    return text, report


def _source_file(target: Any) -> str:
    try:
        path = inspect.getsourcefile(inspect.unwrap(target) if not isinstance(target, type) else target)
    except TypeError:
        path = None
    if path is None:
        raise NotDerivable(f"no source file of {target!r}")
    return path


def _derived(path: str, module_name: str, qualname: str) -> tuple[str, Any]:
    """What the compiler makes of it: the text alone, or an object with `text` and `report`."""
    try:
        pipeline = importlib.import_module("jvpgen.pipeline")
        made = pipeline.derive_in_memory(path, module_name, qualname, registered(module_name), _policy(module_name))
    except ImportError as missing:
        raise NotDerivable(str(missing)) from missing
    except Exception as refused:  # the compiler stops for a reason of its own; the call goes to the fallback
        raise NotDerivable(f"{type(refused).__name__}: {refused}") from refused
    if made is None:
        raise NotDerivable(f"the compiler makes nothing of {module_name}.{qualname}")
    return (made, None) if isinstance(made, str) else (made.text, getattr(made, "report", None))


def _run(made: tuple[str, Any], module_name: str, qualname: str) -> Generated:
    text, report = made
    name = f"{module_name}_jvp:{qualname}"
    module = types.ModuleType(name)
    filename = f"<{name}>"
    owner = sys.modules.get(module_name)
    module.__file__ = filename
    module.__package__ = getattr(owner, "__package__", None) or module_name.rpartition(".")[0]
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)  # for tracebacks
    sys.modules[name] = module
    try:
        exec(compile(text, filename, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return Generated(text, module, report)
