"""Diagnostics as rustc prints them: what is wrong, where, the lines with the place marked, and what to do.

error[JVP102]: `derive` stands on a method
  --> models/cnn.py:7:5
   |
 7 |     @jvpgen.derive
   |     ^^^^^^^^^^^^^^ move it to the class
   |
   = help: Move the decorator to the class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.source.span import Span

ReadLines = Callable[[str], Sequence[str] | None]  # a span's path → the file's lines, None where it cannot be read

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
_GUTTER = "bold blue"
_MOST_LINES = 6  # of a span that goes over several
_WIDEST = 140  # columns of a source line that are shown


def rendered(diagnostic: Diagnostic, read: ReadLines) -> Text:
    """A diagnostic, with its code frame where it has a place."""
    style = _STYLES[diagnostic.severity]
    head = Text.assemble(
        (f"{diagnostic.severity}[{diagnostic.code}]", style), (f": {_printable(diagnostic.message)}", "bold")
    )
    frame = _frame(diagnostic, read, style) if diagnostic.span is not None else []
    margin = " " * _margin(diagnostic.span)
    notes = [("note", note) for note in diagnostic.notes]
    notes += [("help", diagnostic.remedy)] if diagnostic.remedy else []
    tail = [
        Text.assemble(f"{margin} ", ("= ", _GUTTER), (kind, "bold"), f": {_printable(text)}") for kind, text in notes
    ]
    return Text("\n").join([head, *frame, *tail])


def plain(diagnostic: Diagnostic, read: ReadLines) -> str:
    """The same without colours, for golden files."""
    return rendered(diagnostic, read).plain


def totals(report: Report) -> list[str]:
    """`["1 error", "2 warnings"]`."""
    counts = [(report.count(severity), severity) for severity in ("error", "warning")]
    return [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]


# --- The frame --------------------------------------------------------------------------------------------------------


def _margin(span: Span | None) -> int:
    return len(str(span.end_line)) + 1 if span is not None else 1


def _frame(diagnostic: Diagnostic, read: ReadLines, style: str) -> list[Text]:
    span = diagnostic.span
    assert span is not None
    width = _margin(span)
    whole = (span.line, span.column) == (span.end_line, span.end_column) == (1, 1)
    where = _printable(span.path) if whole else _printable(str(span))
    frame = [Text.assemble(" " * width, ("--> ", _GUTTER), where)]
    lines = None if whole else read(span.path)
    if not lines or span.line > len(lines):
        return frame
    bar = Text.assemble(" " * width, " ", ("|", _GUTTER))
    frame.append(bar)
    for number in _shown_lines(span):
        if number is None:
            frame.append(Text(f"{' ' * width} ...", _GUTTER))
            continue
        line = lines[number - 1] if number <= len(lines) else ""
        text, marks = _marked(line, number, span)
        last = number == span.end_line or number == len(lines)
        label = f" {_printable(diagnostic.label)}" if last and diagnostic.label else ""
        frame.append(Text.assemble((f"{number:>{width}} | ", _GUTTER), text))
        if number == span.line or last:  # between them the gutter's numbers say enough
            frame.append(Text.assemble(" " * width, (" | ", _GUTTER), (f"{marks}{label}", style)))
    if diagnostic.notes or diagnostic.remedy:
        frame.append(bar)
    return frame


def _shown_lines(span: Span) -> Iterator[int | None]:
    """The numbers of the lines to show; None for those left out in the middle."""
    count = span.end_line - span.line + 1
    for number in range(span.line, span.end_line + 1):
        place = number - span.line
        if count <= _MOST_LINES or place < _MOST_LINES - 2 or place == count - 1:
            yield number
        elif place == _MOST_LINES - 2:
            yield None


def _marked(line: str, number: int, span: Span) -> tuple[str, str]:
    """A source line as it is shown, and the carets below it."""
    start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
    end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
    start, end = min(start, len(line)), max(min(end, len(line)), start)
    cut = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    before, inside = _shown(line[cut:start]), _shown(line[start : min(end, cut + _WIDEST)])
    ellipses = ("…" if cut else "", "…" if len(line) > cut + _WIDEST else "")
    text = ellipses[0] + _shown(line[cut : cut + _WIDEST]) + ellipses[1]
    return text, " " * (cell_len(before) + len(ellipses[0])) + "^" * max(cell_len(inside), 1)


def _shown(text: str) -> str:
    return _printable(text.replace("\t", "    "))


def _printable(text: str) -> str:
    """Text that cannot speak to the terminal: control characters and lone surrogates give way to a mark."""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", text)
