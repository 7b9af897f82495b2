"""Whether generated code still fits its source; compared once per process and file, by the keys in its footer."""

from __future__ import annotations

import functools
import inspect
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jvpgen.marking import changed_since_import
from jvpgen.runtime.errors import StaleDerivative

_ENDING = "_jvp.py"


def is_current(derivative: Callable[..., Any], target: Any, name: str) -> bool:
    """Whether the definition that a derivative was made from still says the same; true where that cannot be told."""
    generated = _generated_file(derivative)
    if generated is None:
        return True
    first = name.partition(".")[0]
    in_package = f"{getattr(target, '__module__', '')}:{first}"
    return (in_package if in_package in _copied(generated) else first) not in _changed(generated)


def stale(derivative: Callable[..., Any], name: str) -> StaleDerivative:
    source = os.path.relpath(_source_of(_generated_file(derivative) or ""))
    return StaleDerivative(f"{name} has changed since its derivative was generated; run  python -m jvpgen {source}")


def _generated_file(derivative: Callable[..., Any]) -> str | None:
    """The file of a generated derivative; None for one that was written by hand or made in memory."""
    written = inspect.unwrap(derivative)
    code = getattr(written, "__code__", None)
    if code is not None and code.co_filename.startswith("<"):
        return None
    path = getattr(written, "__globals__", {}).get("__file__")
    return path if isinstance(path, str) and path.endswith(_ENDING) else None


def _source_of(generated: str) -> str:
    return generated.removesuffix(_ENDING) + ".py"


@functools.cache
def _changed(generated: str) -> frozenset[str]:
    """The definitions of the source that have changed since, by name."""
    source = _source_of(generated)
    try:
        text = Path(generated).read_text(encoding="utf-8")
    except OSError:
        return frozenset()
    if not os.path.exists(source):
        _note(f"{generated}: its source is not here, so it is not checked against it")
        return frozenset()
    if changed_since_import(source):  # what runs is what was imported, and that text is gone
        _note(f"{source} has changed since it was imported, so its derivative is not checked against it")
        return frozenset()
    from jvpgen.project.freshness import changed_parts

    return frozenset(map(_outermost, changed_parts(text, Path(source))))


@functools.cache
def _copied(generated: str) -> frozenset[str]:
    """The definitions of followed packages whose derivatives stand in a generated file, as `module:name`."""
    from jvpgen.project.footer import split_footer

    try:
        footer = split_footer(Path(generated).read_text(encoding="utf-8"))[1]
    except OSError:
        return frozenset()
    return frozenset(_outermost(part.name) for part in footer.parts if part.is_copied) if footer else frozenset()


def _outermost(name: str) -> str:
    """`Outer` of `Outer.Inner`, `package.module:Outer` of `package.module:Outer.Inner`."""
    module, colon, path = name.rpartition(":")
    return module + colon + path.partition(".")[0]


def _note(message: str) -> None:
    warnings.warn(message, stacklevel=2)
