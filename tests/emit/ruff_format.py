"""Ruff's formatter, which says whether a text is laid out as it should be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_COMMAND = (sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache", "--quiet", "--target-version", "py311")


def ruff_formatted(text: str, line_length: int) -> str:
    command = (*_COMMAND, "--line-length", str(line_length), "-")
    return subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout


def changed_by_ruff(texts: dict[str, str], line_length: int, folder: Path) -> dict[str, str]:
    """The texts (by name) that ruff would lay out differently, as it would; one call for all of them."""
    paths = {name: folder / f"text_{number}.py" for number, name in enumerate(texts)}
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")
    subprocess.run((*_COMMAND, "--line-length", str(line_length), str(folder)), check=True)
    results = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    return {name: result for name, result in results.items() if result != texts[name]}
