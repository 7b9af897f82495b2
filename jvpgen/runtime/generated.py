"""Finding a function's derivative: registered already, in the sibling `*_jvp` module, or made on first use."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from jvpgen.runtime.registry import Body, body_of

_tried: set[str] = set()


def find_body(function: Any) -> Body | None:
    """The derivative of a function; loads or makes it where that is allowed."""
    made = body_of(function)
    if made is not None:
        return made
    module_name = getattr(function, "__module__", None)
    if not isinstance(module_name, str):
        return None
    if load_sibling(module_name):
        made = body_of(function)
        if made is not None:
            return made
    from jvpgen.runtime.autogenerate import generate_for

    return body_of(function) if generate_for(function) else None


def load_sibling(module_name: str) -> bool:
    """Imports `<module>_jvp` if there is one; true when this call imported it."""
    if module_name in _tried:
        return False
    _tried.add(module_name)
    name = f"{module_name}_jvp"
    if module_name == "__main__" or module_name.partition(".")[0] in ("jax", "flax", "numpy", "builtins", "functools"):
        return False
    if name in sys.modules:
        return False
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return False
    if found is None:
        return False
    importlib.import_module(name)
    return True


def load_siblings(kind: type) -> None:
    """Imports what was generated for a class and for its bases."""
    for base in kind.__mro__:
        load_sibling(base.__module__)


def forget_siblings() -> None:
    """Looks for sibling modules again, after files were generated in this process."""
    _tried.clear()
