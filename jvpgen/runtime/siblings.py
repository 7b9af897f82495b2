"""The generated file of a live module: found beside its source or in the project's output folder, and imported."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from jvpgen.diagnostics.report import Report
from jvpgen.project.configuration import read_config
from jvpgen.project.files import Layout, output_name
from jvpgen.project.roots import project_root

_NEVER = frozenset({"jax", "flax", "numpy", "builtins", "functools"})
_MAIN = ("__main__", "__mp_main__")  # the second is what a spawned process calls the first
_tried: set[str] = set()


def load_sibling(module_name: str) -> bool:
    """Imports the file generated from a module, if there is one; true when this call imported it."""
    if module_name in _tried:
        return False
    _tried.add(module_name)
    if module_name.partition(".")[0] in _NEVER:
        return False
    if module_name not in _MAIN:
        name = f"{module_name}_jvp"
        if name in sys.modules:
            return False
        if _exists(name):
            importlib.import_module(name)
            return True
    source = _source_of(module_name)
    output = _output_of(source) if source is not None else None
    if source is None or output is None or (module_name not in _MAIN and _is_loaded(output)):
        return False
    _run(output, sys.modules[module_name], source)
    return True


def load_siblings(kind: type) -> None:
    """Imports what was generated for a class and for its bases."""
    for base in kind.__mro__:
        load_sibling(base.__module__)


def forget_siblings() -> None:
    """Looks for generated files again, after some were generated in this process."""
    _tried.clear()
    _layout.cache_clear()


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def _source_of(module_name: str) -> Path | None:
    path = getattr(sys.modules.get(module_name), "__file__", None)
    return Path(os.path.abspath(path)) if isinstance(path, str) and path.endswith(".py") else None


def _output_of(source: Path) -> Path | None:
    """The file generated from a source: beside it, or in the output folder of its project."""
    beside = source.with_name(output_name(source.name))
    if beside.is_file():
        return beside
    elsewhere = _layout(project_root(source)).output_of(source)
    return elsewhere if elsewhere.is_file() else None


@functools.cache
def _layout(root: Path) -> Layout:
    config = read_config(root, Report())
    return Layout(root, config, root / config.output if config.output else None)


def _is_loaded(output: Path) -> bool:
    """Whether the user has imported a generated file, under whatever name."""
    loaded = (getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values()))
    return any(isinstance(path, str) and os.path.abspath(path) == str(output) for path in loaded)


def _run(output: Path, live: types.ModuleType, source: Path) -> None:
    """Runs a generated file as a module of its own, for which the names of its source mean the live module."""
    names = _names_of(live, source)
    spec = importlib.util.spec_from_file_location(f"{names[0]}_jvp", output)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with _called(live, names):
        spec.loader.exec_module(module)


def _names_of(live: types.ModuleType, source: Path) -> list[str]:
    """The names by which a generated file may import its source, the live module's own first."""
    from jvpgen.source.module import dotted_name

    spec = getattr(live, "__spec__", None)
    own = spec.name if spec is not None else live.__name__
    known = [own, dotted_name(source, project_root(source)), *([] if "." in own else [source.stem])]
    return [name for name in dict.fromkeys(known) if name not in _MAIN]


@contextlib.contextmanager
def _called(live: types.ModuleType, names: list[str]) -> Iterator[None]:
    """Within, all these names import the live module, which runs as `__main__` or was found by another path."""
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(dict.fromkeys(names, live))
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
