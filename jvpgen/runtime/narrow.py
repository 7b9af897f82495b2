"""Narrower derivatives: a tangent for a variable that `derive(variables=…)` leaves out is an error, never a zero."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jvpgen.runtime.zero import is_zero


def check_only(patterns: Sequence[str], tangents: Mapping[str, Any] | None) -> None:
    """Raises ValueError for the first tangent whose path fits none of the patterns (`params/**/lora_*`)."""
    allowed = [re.compile(_expression(pattern)) for pattern in patterns]
    for path in _paths(tangents or {}, ()):
        if not any(pattern.fullmatch("/".join(path)) for pattern in allowed):
            keys = "".join(f"[{key!r}]" for key in path)
            wanted = ", ".join(patterns)
            raise ValueError(f"variable_tangents{keys}: this derivative is along {wanted} only")


def _expression(pattern: str) -> str:
    """`**` for any number of names, `*` for any part of one."""
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return "".join(meaning.get(part, re.escape(part)) for part in parts)


def _paths(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths of the leaves that are no zeros by themselves."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _paths(value, (*path, str(key)))
    elif tree is not None and not is_zero(tree):
        yield path
