"""`push`, for what is called by it: the partners that it dispatches to push the functions they are given."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

Outcome = tuple[Any, Any]


def push(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """Value and tangent of a call, the active arguments being Pairs; so may be `f`, if it holds arrays itself."""
    made: Outcome = _whole().push(f, args, kwargs)
    return made


@cache
def _whole() -> Any:
    """The dispatch, which imports everything that it may dispatch to."""
    return importlib.import_module("jvpgen.runtime.pushforward")
