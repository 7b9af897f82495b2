"""Brings the excerpts in README.md and docs/ up to date with the files that they are from: `python docs/excerpts.py`.

An excerpt is a fenced block under `<!-- from: FILE -->`. It is the definition of the file that begins with the block's
first line, decorators included.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_EXCERPT = re.compile(
    r"(?<=^<!-- from: )(?P<file>\S+)( -->\n```python\n)(?P<text>.*?)(?=^```$)", re.DOTALL | re.MULTILINE
)


def renewed(page: str) -> str:
    """The page with its excerpts as they are in the files now."""
    return _EXCERPT.sub(lambda found: found["file"] + found[2] + _definition(found["file"], found["text"]), page)


def _definition(file: str, excerpt: str) -> str:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    first = excerpt.partition("\n")[0]
    if first not in lines:
        raise LookupError(f"{file} has no line {first!r}")
    start = lines.index(first)
    indent = re.match(" *", first)[0]  # type: ignore[index]
    end = next((i for i in range(start + 1, len(lines)) if _ends(lines[i], lines[i - 1], indent)), len(lines))
    return "\n".join(lines[start:end]).rstrip() + "\n"


def _ends(line: str, before: str, indent: str) -> bool:
    """Whether a line is the first after a definition: less indented, or as much as it but after a blank line."""
    return bool(line) and not line.startswith(indent + " ") and (not line.startswith(indent) or not before)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
