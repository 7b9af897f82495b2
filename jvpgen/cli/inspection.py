"""One module class as `jvpgen inspect` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_MARGIN = "  "
_FLAG_WORDS = {
    ("optional", True): "optional",
    ("repeated", True): "one of several",
    ("known", False): "known at run time only",
}


def described(inspection: Mapping[str, Any]) -> str:
    """The class, its status, and below it whatever it declares, aligned in columns."""
    lines = [f"{inspection['file']}:{inspection['line']} {inspection['class']} ({inspection['status']})"]
    for heading in ("fields", "submodules"):
        lines += _section(heading, map(_row, inspection.get(heading, ())))
    for collection, variables in inspection.get("collections", {}).items():
        lines += _section(collection, map(_row, variables))
    if inspection.get("rngs"):
        lines.append(f"{_MARGIN}rngs: {', '.join(map(str, inspection['rngs']))}")
    for heading in ("opaque", "dispatched"):
        lines += _section(heading, map(_row, inspection.get(heading, ())))
    return "\n".join(lines) + "\n"


def _section(heading: str, rows: Iterable[tuple[str, ...]]) -> list[str]:
    table = list(rows)
    if not table:
        return []
    columns = max(map(len, table))
    widths = [max((len(row[column]) for row in table if column < len(row)), default=0) for column in range(columns)]
    lines = [f"{_MARGIN}{heading}:"]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(f"{_MARGIN * 2}{_MARGIN.join(cells)}".rstrip())
    return lines


def _row(item: Any) -> tuple[str, ...]:
    """An entry as cells: a mapping's values in its own order, then the line and what is special, in words."""
    if not isinstance(item, Mapping):
        return (str(item),)
    cells = [
        _cell(value)
        for key, value in item.items()
        if key != "line" and value is not None and not isinstance(value, bool)
    ]
    flags = ", ".join(word for key, value in item.items() if isinstance(value, bool) and (word := _flag(key, value)))
    line = f"line {item['line']}" if item.get("line") is not None else ""
    return (*cells, line, flags) if flags else (*cells, line) if line else tuple(cells)


def _flag(key: str, value: bool) -> str:
    """A truth value in words; nothing where it says what goes without saying."""
    return _FLAG_WORDS.get((key, value), key if value and key != "known" else "")


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return " ".join(str(value).split())
