"""The form of a catalogue entry: a code, what it means, and a bad and a good example that are tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jvpgen.diagnostics.report import Severity


@dataclass(frozen=True)
class Example:
    """A small project and a command line that shows a diagnostic, or its absence.

    `files` are written into an empty folder and `jvpgen <command>` is run there. With `edits`, it is run once before
    they are made: text is appended to a file, None deletes it. A lone surrogate in a text stands for a byte
    (`surrogateescape`). `staged` is False where files alone cannot bring the diagnostic about.
    """

    files: Mapping[str, str]
    command: str = "model.py"
    edits: Mapping[str, str | None] | None = None
    staged: bool = True


@dataclass(frozen=True)
class Entry:
    """One code. `title` is a short noun phrase, `cause` a sentence or two, `remedy` what to do, in the imperative."""

    code: str
    title: str
    severity: Severity
    cause: str
    remedy: str
    bad: Example
    good: Example
    strict: bool = False  # a warning that `--strict` makes an error


def model(text: str, command: str = "model.py", **more_files: str) -> Example:
    """An example of one file, `model.py`; a keyword `layers="…"` adds `layers.py`."""
    files = {"model.py": text, **{f"{name}.py": content for name, content in more_files.items()}}
    return Example(files, command)
