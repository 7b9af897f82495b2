"""One module class as `jvpgen inspect` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jvpgen.cli.console import file_at
from jvpgen.project.files import here

_MARGIN = "  "
_NOTES = {
    ("optional", True): "optional",
    ("repeated", True): "one of several",
    ("known", False): "known at run time only",
}


def placed(inspection: Mapping[str, Any], root: Path) -> Mapping[str, Any]:
    """The same with the paths of files, which are relative to `root`, as messages have them."""

    def with_places(value: Any) -> Any:
        match value:
            case Mapping():
                return {key: with_place(key, item) for key, item in value.items()}
            case list() | tuple():
                return [with_places(item) for item in value]
        return value

    def with_place(key: str, value: Any) -> Any:
        return here(file_at(value, root)) if key == "file" and isinstance(value, str) else with_places(value)

    found: Mapping[str, Any] = with_places(inspection)
    return found


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
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False) if width)
        lines.append(f"{_MARGIN * 2}{_MARGIN.join(cells)}".rstrip())
    return lines


def _row(item: Any) -> tuple[str, ...]:
    """An entry as cells: a mapping's values in its own order, then its place, and what is true of it in words."""
    if not isinstance(item, Mapping):
        return (str(item),)
    cells = [_named(key, value) for key, value in item.items() if key not in ("line", "file")]
    notes = ", ".join(note for (key, value), note in _NOTES.items() if item.get(key) is value)
    return (*cells, _place(item), notes)


def _named(key: str, value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    return f"in {value}" if key == "in" else _cell(value)


def _place(item: Mapping[str, Any]) -> str:
    line = item.get("line")
    if line is None:
        return ""
    return f"{item['file']}:{line}" if item.get("file") else f"line {line}"


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return " ".join(str(value).split())
