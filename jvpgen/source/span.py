"""Where a piece of source text stands: the one notion of place that every diagnostic and every IR node carries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """A range of source text: 1-based lines, 1-based columns, the end exclusive.

    `path` is relative to the project's root, with forward slashes, so that it can be printed anywhere.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"
