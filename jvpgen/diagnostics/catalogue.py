"""Every code that jvpgen can report, and `diagnostic`, by which all of them are made.

Codes go by family: JVP1xx discovery, 2xx names and reach, 3xx the language, 4xx rules, 5xx activity, 9xx the project's
files. A code once published keeps its meaning.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from jvpgen.diagnostics.codes import activity, discovery, files, language, names, rules
from jvpgen.diagnostics.entry import Entry
from jvpgen.diagnostics.report import Diagnostic
from jvpgen.source.span import Span


def _indexed(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    index: dict[str, Entry] = {}
    for entry in entries:
        if entry.code in index:
            raise ValueError(f"{entry.code} is in the catalogue twice")
        index[entry.code] = entry
    return MappingProxyType(index)


CATALOGUE: Mapping[str, Entry] = _indexed(
    entry for family in (discovery, names, language, rules, activity, files) for entry in family.ENTRIES
)

STRICT_CODES = frozenset(entry.code for entry in CATALOGUE.values() if entry.strict)


def diagnostic(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    notes: Iterable[str] = (),
    remedy: str | None = None,
) -> Diagnostic:
    """A diagnostic with the severity and, unless another is given, the remedy of its code."""
    entry = CATALOGUE[code]
    return Diagnostic(
        code, entry.severity, message, span, label, tuple(notes), entry.remedy if remedy is None else remedy
    )


def nearest_codes(code: str) -> list[str]:
    """Known codes that look like `code`, best first, for "did you mean"."""
    return difflib.get_close_matches(code.upper(), CATALOGUE, n=3, cutoff=0.6)
