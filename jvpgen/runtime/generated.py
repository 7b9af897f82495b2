"""Finding a function's derivative: registered already, in the file generated from its own, or made on first use."""

from __future__ import annotations

from typing import Any

from jvpgen.runtime.registry import Body, body_of
from jvpgen.runtime.siblings import load_sibling


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
