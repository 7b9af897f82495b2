"""What the compiler has to say: one frozen `Diagnostic` a problem, collected in a `Report`.

Every pass receives the run's `Report` and adds to it; nothing here raises, prints or stops, so that one run names every
problem of every file. Diagnostics are usually made by `jvpgen.diagnostics.catalogue.diagnostic`, which knows each
code's severity and remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from jvpgen.source.span import Span

Severity = Literal["error", "warning", "note"]

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Diagnostic:
    """One problem: `message` says what is wrong, `label` stands under the marked text, `remedy` says what to do."""

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    label: str = ""
    notes: tuple[str, ...] = ()
    remedy: str = ""

    def sort_key(self) -> tuple[object, ...]:
        """Order of printing: without a place first, then by file and position, errors before warnings."""
        span = self.span
        place = (
            ("", 0, 0, 0, 0) if span is None else (span.path, span.line, span.column, span.end_line, span.end_column)
        )
        return (*place, _RANK[self.severity], self.code, self.message, self.label, self.notes, self.remedy)


def whole_file(path: str) -> Span:
    """The span of a problem with a file as a whole: an empty range at its start, printed without a code frame."""
    return Span(path, 1, 1, 1, 1)


class Report:
    """Collects the diagnostics of a run. Iterating gives them sorted and without duplicates.

    `promoted` holds the codes that count as errors in this run, which is all that `--strict` means.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic] = (), *, promoted: frozenset[str] = frozenset()) -> None:
        self.promoted = promoted
        self._found: dict[Diagnostic, None] = {}
        self.extend(diagnostics)

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic.code in self.promoted:
            diagnostic = replace(diagnostic, severity="error")
        self._found[diagnostic] = None

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(sorted(self._found, key=Diagnostic.sort_key))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self._found)

    def count(self, severity: Severity) -> int:
        return sum(diagnostic.severity == severity for diagnostic in self._found)

    def of(self, path: str) -> tuple[Diagnostic, ...]:
        """The diagnostics that stand in the file `path`, sorted."""
        return tuple(diagnostic for diagnostic in self if diagnostic.span is not None and diagnostic.span.path == path)
