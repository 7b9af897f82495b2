"""Where output goes: code, diffs and data to stdout, everything about the run to stderr."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from jvpgen.cli.render import rendered
from jvpgen.diagnostics.report import Report
from jvpgen.project.files import here

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


class Terminal:
    """The two streams of a run, with or without colours."""

    def __init__(self, color: str) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty():
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        self._out = _console(color, error=False)
        self._status = _console(color, error=True)

    def status(self, text: str | Text) -> None:
        """A line about the run."""
        self._status.print(text, soft_wrap=True, markup=False, highlight=False)

    def report(self, report: Report, root: Path) -> None:
        """All diagnostics, with code frames. The paths of their spans are relative to `root`, those that are printed
        to the current folder."""
        files: dict[str, Sequence[str] | None] = {}

        def read(path: str) -> Sequence[str] | None:
            if path not in files:
                files[path] = _lines(Path(path))
            return files[path]

        for diagnostic in report:
            span = diagnostic.span
            placed = None if span is None else replace(span, path=here(file_at(span.path, root)))
            self._status.print(rendered(replace(diagnostic, span=placed), read), soft_wrap=True)
            self._status.print()

    def data(self, text: str) -> None:
        """Plain text to stdout, byte for byte."""
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")

    def page(self, text: Text) -> None:
        """Styled text to stdout."""
        self._out.print(text, soft_wrap=True)

    def code(self, text: str) -> None:
        """Python code to stdout, coloured on a terminal."""
        if not self._out.color_system:
            self.data(text)
            return
        highlighted = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(text)
        self._out.print(highlighted, soft_wrap=True, end="")

    def diff(self, before: str, after: str, name: str, *, exists: bool, remains: bool = True) -> None:
        """A unified diff to stdout."""
        old = f"a/{name.lstrip('/')}" if exists else "/dev/null"
        new = f"b/{name.lstrip('/')}" if remains else "/dev/null"
        for line in _unified(before, after, old, new):
            if self._out.color_system:
                bold = line.startswith(("+++ ", "--- "))
                self._out.print(
                    Text(line.rstrip("\n"), "bold" if bold else _DIFF_STYLES.get(line[:1], "")), soft_wrap=True
                )
            else:
                self.data(line)


def _unified(before: str, after: str, old: str, new: str) -> Iterable[str]:
    for line in difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, new):
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


class _Stream(Console):
    """A rich console that leaves a closed pipe to its caller; rich itself would exit."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console(color: str, *, error: bool) -> Console:
    """rich itself heeds NO_COLOR, but also variables that force colours; `auto` means a terminal and nothing else."""
    stream = sys.stderr if error else sys.stdout
    wanted = color == "always" or (color == "auto" and stream.isatty() and not os.environ.get("NO_COLOR"))
    return _Stream(
        file=stream,
        force_terminal=wanted,
        no_color=not wanted,
        color_system="auto" if wanted and color == "auto" else "standard" if wanted else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def file_at(path: str, root: Path) -> Path:
    """The file of a span: below the project's root, or in a package on the import path."""
    below = root / path
    if not os.path.exists(below) and not os.path.isabs(path):
        found = (Path(folder or ".", path) for folder in sys.path)
        return next((file for file in found if os.path.isfile(file)), below)
    return below


def _lines(path: Path) -> Sequence[str] | None:
    try:
        return path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except OSError:
        return None
