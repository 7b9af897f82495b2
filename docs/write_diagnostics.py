"""Writes diagnostics.md from the catalogue of the compiler: `python docs/write_diagnostics.py`."""

from __future__ import annotations

from pathlib import Path

from jvpgen.diagnostics.catalogue import CATALOGUE
from jvpgen.diagnostics.entry import Entry

PAGE = Path(__file__).with_name("diagnostics.md")

_FAMILIES = {
    "1": "What is marked",
    "2": "Names and files",
    "3": "The language",
    "4": "Rules and callees",
    "5": "What moves",
    "9": "Files and configuration",
}

_HEAD = """\
# Diagnostics

`python -m jvpgen explain CODE` shows a code with an example that causes it and one that does not. A warning marked
*strict* is an error under `--strict`. This page is written by `docs/write_diagnostics.py`.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for digit, title in _FAMILIES.items():
        parts.append(f"## {title}\n")
        parts.extend(_section(entry) for entry in CATALOGUE.values() if entry.code[3] == digit)
    return "\n".join(parts)


def _section(entry: Entry) -> str:
    severity = f"{entry.severity}, strict" if entry.strict else entry.severity
    return f"### {entry.code}: {entry.title}\n\n*{severity}.* {entry.cause}\n\n{entry.remedy}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
