"""The golden cases as they lie in `golden/`: a folder enters, its sources, expected texts and marks leave.

A case is a folder with an `input.py`. Its first line may give options, `# flags: --strict`; the output is in
`expected.py`, the outputs of other files beside them (`layers.py` → `layers_jvp.py`), and what the compiler says in
`diagnostics.txt`. A line that is diagnosed ends with `# E: JVP301` or `# W: JVP401`. A comment `# size: 3.5` allows
longer bodies, where a line of the source does several things by design. A case with an `__init__.py` is a package, and its project the folder around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

GOLDEN = Path(__file__).parents[2] / "golden"

INPUT, EXPECTED, DIAGNOSTICS = "input.py", "expected.py", "diagnostics.txt"
_INPUT_OUTPUT = "input_jvp.py"
_PROJECT = "[project]\nname = 'golden'\n"
_FLAGS = re.compile(r"# flags: (.*)")
_SIZE = re.compile(r"^# size: ([\d.]+)", re.MULTILINE)
_MARKED = re.compile(r"#(?: [EWN]: JVP\d+)+\s*$")
_MARK = re.compile(r"([EWN]): (JVP\d+)")

Mark = tuple[str, int, str]  # path, line, "E: JVP301"


@dataclass(frozen=True)
class Case:
    """One folder of `golden/`."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """What a user wrote, by path in the case; a byte that is no UTF-8 is a lone surrogate."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes().decode("utf-8", "surrogateescape")
            for path in sorted(found)
            if path.suffix in (".py", ".toml") and path.name != EXPECTED and not path.stem.endswith("_jvp")
        }

    @cached_property
    def expected(self) -> Mapping[str, str]:
        """The golden texts by their place in the case's folder: outputs, and diagnostics."""
        found = list(self.folder.rglob("*_jvp.py"))
        found += [path for path in (self.folder / EXPECTED, self.folder / DIAGNOSTICS) if path.exists()]
        return {path.relative_to(self.folder).as_posix(): path.read_text("utf-8") for path in sorted(found)}

    @property
    def flags(self) -> list[str]:
        match = _FLAGS.match(self.sources[INPUT])
        return match.group(1).split() if match else []

    @property
    def largest_body(self) -> float:
        """How many times the source's lines a body may have."""
        match = _SIZE.search(self.sources[INPUT])
        return float(match.group(1)) if match else 2.5

    @property
    def marks(self) -> set[Mark]:
        """The diagnostics that the sources announce."""
        return {
            (path, number, ": ".join(mark))
            for path, text in self.sources.items()
            for number, line in enumerate(text.splitlines(), 1)
            if (comment := _MARKED.search(line))
            for mark in _MARK.findall(comment.group())
        }

    @property
    def is_package(self) -> bool:
        return "__init__.py" in self.sources

    def place_of(self, output: str) -> str:
        """The golden file for an output."""
        return output.removesuffix(_INPUT_OUTPUT) + EXPECTED if output == _INPUT_OUTPUT else output


def all_cases() -> list[Case]:
    return [Case(path) for path in sorted(GOLDEN.iterdir()) if path.is_dir()]


def written(case: Case, root: Path) -> Path:
    """Writes the sources of a case into the empty folder `root`, a project; returns where they are."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(_PROJECT)
    folder = root / case.name if case.is_package else root
    for name, text in case.sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return folder
