"""The fenced blocks of the project's Markdown pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, its line in the page, and the comment that stands right above it."""

    language: str
    text: str
    line: int
    mark: str

    @property
    def is_excerpt(self) -> bool:
        return self.mark.startswith("from: ")


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found["language"], found["text"], text.count("\n", 0, found.start("text")), found["mark"] or "")
        for found in _BLOCK.finditer(text)
    ]
