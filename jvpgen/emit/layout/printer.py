"""Prints a layout document at a line length: the decisions which groups break are made here, from left to right."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from unicodedata import category, east_asian_width

from .document import (
    HARD,
    BestFitParentheses,
    BestFitting,
    Comment,
    Document,
    FitsExpanded,
    Group,
    GroupId,
    IfBroken,
    Indent,
    Line,
)

INDENT = 4


class Measure(Enum):
    """How far "does it fit" looks: to the first line break, over all lines, or over all lines without a limit."""

    FIRST_LINE = 0
    ALL_LINES = 1
    UNLIMITED = 2


@dataclass(frozen=True, slots=True)
class Mode:
    """The surroundings of a piece of a document: its indentation, whether its group is flat, and how it is measured."""

    indent: int
    flat: bool = False
    measure: Measure = Measure.FIRST_LINE

    def when(self, *, flat: bool, measure: Measure | None = None) -> Mode:
        return Mode(self.indent, flat, self.measure if measure is None else measure)

    def indented(self) -> Mode:
        return Mode(self.indent + INDENT, self.flat, self.measure)


def text_width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def print_document(document: Document, indent: int, width: int) -> str:
    """The lines of `document`, the first of which starts at the column `indent`; without a final line break."""
    printer = _Printer(width)
    printer.pending_indent = indent
    printer.print([(Mode(indent), document)])
    return "".join(printer.output)


@dataclass(slots=True)
class _Printer:
    width: int
    output: list[str] = field(default_factory=list)
    column: int = 0
    pending_indent: int = 0
    # Whether what is being printed flat has been measured since the last line break.
    measured: bool = False
    flat_groups: dict[GroupId, bool] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    def print(self, stack: list[tuple[Mode, Document]]) -> None:
        while stack:
            mode, document = stack.pop()
            match document:
                case str():
                    self.write(document)
                case tuple():
                    stack.extend((mode, part) for part in reversed(document))
                case Line():
                    self.print_line(document, mode)
                case Group():
                    self.print_group(document, mode, stack)
                case Indent():
                    deeper = document.only_if_broken is None or not self.flat_groups[document.only_if_broken]
                    stack.append((mode.indented() if deeper else mode, document.content))
                case IfBroken():
                    stack.append((mode, document.flat if self.is_flat(document.id, mode) else document.broken))
                case FitsExpanded():
                    if document.only_if_flat is None or self.flat_groups[document.only_if_flat]:
                        # The content has been measured broken: its groups still have to find out for themselves.
                        self.measured = False
                    stack.append((mode, document.content))
                case BestFitting():
                    self.print_best_fitting(document, mode, stack)
                case BestFitParentheses():
                    self.print_best_fit_parentheses(document, mode, stack)
                case Comment():
                    self.comments.append(document.text)
        self.flush_comments()

    def is_flat(self, id: GroupId | None, mode: Mode) -> bool:
        return mode.flat if id is None else self.flat_groups[id]

    def write(self, text: str) -> None:
        if not text:
            return
        self.output.append(" " * self.pending_indent)
        self.column += self.pending_indent
        self.pending_indent = 0
        self.output.append(text)
        _, newline, last = text.rpartition("\n")
        if newline:
            self.column = 0
            self.measured = False
        self.column += text_width(last)

    def flush_comments(self) -> None:
        for comment in self.comments:
            self.output.append("  " + comment)
        self.comments.clear()

    def print_line(self, line: Line, mode: Mode) -> None:
        if mode.flat and line.kind != "hard":
            if line.kind == "space":
                self.write(" ")
            return
        self.flush_comments()
        if self.column > 0:
            self.output.append("\n")
            self.column = 0
            self.measured = False
        self.pending_indent = mode.indent

    def print_group(self, document: Group, mode: Mode, stack: list[tuple[Mode, Document]]) -> None:
        condition = document.only_if_broken
        if condition is not None and self.flat_groups[condition]:
            stack.append((mode, document.content))
            return
        flat = not document.expand and self.fits_flat(document.id, mode, document.content, stack)
        if document.id is not None:
            self.flat_groups[document.id] = flat
        stack.append((mode.when(flat=flat), document.content))

    def fits_flat(self, id: GroupId | None, mode: Mode, content: Document, stack: list[tuple[Mode, Document]]) -> bool:
        if mode.flat and self.measured:
            return True
        self.measured = True
        if id is not None:
            self.flat_groups[id] = True
        return self.fits((mode.when(flat=True), content), stack)

    def print_best_fitting(self, document: BestFitting, mode: Mode, stack: list[tuple[Mode, Document]]) -> None:
        if mode.flat and self.measured:
            stack.append((mode, document.variants[0]))
            return
        self.measured = True
        measure = Measure.ALL_LINES if document.all_lines else Measure.FIRST_LINE
        for variant in document.variants[:-1]:
            if self.fits((mode.when(flat=True, measure=measure), variant), stack):
                stack.append((mode.when(flat=True), variant))
                return
        stack.append((mode.when(flat=False), document.variants[-1]))

    def print_best_fit_parentheses(
        self, document: BestFitParentheses, mode: Mode, stack: list[tuple[Mode, Document]]
    ) -> None:
        parenthesized = ("(", Indent((HARD, document.content)), HARD, ")")
        flat = self.fits_flat(document.id, mode, document.content, stack)
        if not flat:
            self.flat_groups[document.id] = False
            flat = not self.fits((mode.when(flat=mode.flat, measure=Measure.ALL_LINES), parenthesized), stack)
        self.flat_groups[document.id] = flat
        stack.append((mode.when(flat=flat), document.content if flat else parenthesized))

    def fits(self, first: tuple[Mode, Document], rest: list[tuple[Mode, Document]]) -> bool:
        """Whether `first` and what follows it in the stack `rest`, up to a possible line break, fits on the line."""
        column, pending = self.column, self.pending_indent
        following = len(rest)
        work = [first]
        while True:
            if not work:
                if following == 0:
                    return True
                following -= 1
                work.append(rest[following])
            mode, document = work.pop()
            match document:
                case str():
                    if not document:
                        continue
                    column += pending
                    pending = 0
                    lines = document.split("\n")
                    for index, line in enumerate(lines):
                        column += text_width(line)
                        if column > self.width and mode.measure is not Measure.UNLIMITED:
                            return False
                        if index < len(lines) - 1:
                            if mode.measure is Measure.FIRST_LINE:
                                return True
                            column = 0
                case tuple():
                    work.extend((mode, part) for part in reversed(document))
                case Line():
                    if mode.flat and document.kind == "soft":
                        continue
                    if mode.flat and document.kind == "space":
                        column += pending + 1
                        pending = 0
                        if column > self.width and mode.measure is not Measure.UNLIMITED:
                            return False
                        continue
                    if mode.flat or mode.measure is Measure.FIRST_LINE:
                        return True
                    column, pending = 0, mode.indent
                case Group():
                    condition = document.only_if_broken
                    if condition is None or not self.flat_groups[condition]:
                        mode = mode.when(flat=mode.flat and not document.expand)
                        if document.id is not None:
                            self.flat_groups[document.id] = mode.flat
                    work.append((mode, document.content))
                case Indent():
                    deeper = document.only_if_broken is None or not self.flat_groups[document.only_if_broken]
                    work.append((mode.indented() if deeper else mode, document.content))
                case IfBroken():
                    work.append((mode, document.flat if self.is_flat(document.id, mode) else document.broken))
                case FitsExpanded():
                    if mode.flat:
                        if document.only_if_flat is None or self.flat_groups[document.only_if_flat]:
                            mode = mode.when(flat=False, measure=Measure.UNLIMITED)
                        elif document.breaks:
                            return False
                    work.append((mode, document.content))
                case BestFitting():
                    if mode.flat:
                        measure = Measure.ALL_LINES if document.all_lines else Measure.FIRST_LINE
                        work.append((mode.when(flat=True, measure=measure), document.variants[0]))
                    else:
                        work.append((mode, document.variants[-1]))
                case BestFitParentheses():
                    self.flat_groups[document.id] = mode.flat
                    work.append((mode, document.content))
                case Comment():
                    if document.width:
                        column += document.width
                        if column > self.width:
                            return False
