"""Lines of outputs and sources that a diagnostic is about: texts enter, spans leave."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from jvpgen.diagnostics.report import whole_file
from jvpgen.source.span import Span


def first_line(path: str, text: str) -> Span:
    """The first line of a file that says anything."""
    lines = text.split("\n")
    return _span(path, lines, next((number for number, line in enumerate(lines) if line.strip()), None))


def first_difference(path: str, before: str, after: str) -> Span:
    """The first line of `before`, the text of the file at `path`, in which `after` differs."""
    lines, others = before.split("\n"), after.split("\n")
    pairs = enumerate(zip_longest(lines, others))
    found = next((number for number, (old, new) in pairs if old != new), None)
    return _span(path, lines, None if found is None else min(found, len(lines) - 1))


def first_definition(path: str, text: str, names: Iterable[str]) -> Span:
    """The first line that defines one of the names at the top level of a file."""
    wanted = "|".join(re.escape(name) for name in names)
    pattern = re.compile(rf"(?:async )?(?:def|class) +(?:{wanted})\b")
    lines = text.split("\n")
    return _span(
        path, lines, next((number for number, line in enumerate(lines) if wanted and pattern.match(line)), None)
    )


def _span(path: str, lines: list[str], index: int | None) -> Span:
    if index is None:
        return whole_file(path)
    line = lines[index].rstrip("\r")
    start = len(line) - len(line.lstrip())
    return Span(path, index + 1, start + 1, index + 1, max(len(line), start + 1) + 1)
