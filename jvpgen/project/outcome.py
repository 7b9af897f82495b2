"""One output at a time: the text that it should hold meets what is on the disk, an `Outcome` says what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Report, whole_file
from jvpgen.project.files import Layout, bears_banner, here, text_at
from jvpgen.project.footer import edited_parts, split_footer
from jvpgen.project.keys import body_key, definitions
from jvpgen.project.places import first_definition, first_difference, first_line
from jvpgen.project.write import write_text
from jvpgen.source.span import Span

Action = Literal["written", "unchanged", "deleted", "stale", "missing", "orphaned", "refused"]


@dataclass(frozen=True)
class Switches:
    """What a run was told to do."""

    all: bool = False  # every linen module, decorated or not
    strict: bool = False
    check: bool = False  # report what is out of date
    dry: bool = False  # write nothing, whatever else is asked
    force: bool = False
    prune: bool = False
    whole_project: bool = False  # the paths cover the project, so nothing outside them needs an output


@dataclass(frozen=True)
class Outcome:
    """What became of one output. `before` and `after` are its texts, None where there is no file."""

    action: Action
    source: str
    path: Path
    before: str | None
    after: str | None

    @property
    def differs(self) -> bool:
        return self.before != self.after and self.action != "unchanged"


def check_or_write(source: Path, text: str, layout: Layout, switches: Switches, report: Report) -> Outcome:
    """Writes `text`, the output of `source`, unless a switch or the present file speaks against it."""
    path = layout.output_of(source)
    shown = layout.shown(source)
    if os.path.lexists(path) and not os.path.isfile(path):
        what = "a folder" if os.path.isdir(path) else "no regular file"
        what = what if os.path.exists(path) else "a link to nothing"  # writing would make a file who knows where
        report.add(diagnostic("JVP906", f"`{here(path)}` is {what}", whole_file(shown)))
        return Outcome("refused", shown, path, None, text)
    try:
        before = _present(path)
    except OSError as error:
        message = f"cannot read `{here(path)}`: {error.strerror or error}"
        report.add(diagnostic("JVP903", message, whole_file(shown)))
        return Outcome("refused", shown, path, None, text)
    outcome = Outcome("unchanged", shown, path, before, text)
    if before == text or (before is not None and not switches.force and _says_the_same(before, text)):
        return outcome  # a file in another layout is a formatter's: written anew, it would be formatted anew
    if before is not None and not switches.force and _is_precious(before, text, path, layout, report):
        return replace(outcome, action="refused")
    if switches.check:
        if before is None:
            report.add(diagnostic("JVP909", f"`{here(path)}` is missing", _asking(source, text, shown)))
        else:
            report.add(
                diagnostic(
                    "JVP908",
                    f"`{here(path)}` is out of date",
                    first_difference(shown_output(path, layout), before, text),
                )
            )
        return replace(outcome, action="missing" if before is None else "stale")
    if switches.dry:
        return replace(outcome, action="missing" if before is None else "stale")
    try:
        write_text(path, text)
    except OSError as error:
        message = f"cannot write `{here(path)}`: {error.strerror or error}"
        report.add(diagnostic("JVP907", message, whole_file(shown)))
        return replace(outcome, action="refused")
    return replace(outcome, action="written")


def _asking(source: Path, text: str, shown: str) -> Span:
    """The first definition of a source that its output `text` derives."""
    footer = split_footer(text)[1]
    names = [part.name.partition(".")[0] for part in footer.parts if not part.is_copied] if footer is not None else []
    try:
        return first_definition(shown, text_at(source, "utf-8-sig") or "", names)
    except (OSError, UnicodeDecodeError):
        return whole_file(shown)


def _says_the_same(before: str, text: str) -> bool:
    """Whether a formatter, or nobody, has changed the output: its keys are the new ones, and its bodies fit them."""
    return not edited_parts(before) and split_footer(before)[1] == split_footer(text)[1]


def settle_orphans(orphans: Iterable[Path], layout: Layout, switches: Switches, report: Report) -> list[Outcome]:
    """Deletes outputs without a source under `--prune`; otherwise reports them, as errors under `--check`."""
    outcomes = []
    for path in orphans:
        before = _present(path)
        shown = shown_output(path, layout)
        outcome = Outcome("orphaned", layout.shown(layout.source_of(path)), path, before, before)
        if switches.prune and not switches.check:
            outcome = replace(outcome, after=None) if switches.dry else _deleted(outcome, shown, switches, report)
        else:
            span = first_line(shown, before or "")
            found = diagnostic("JVP910", f"`{here(path)}` has no source that asks for it", span)
            report.add(found if switches.check else replace(found, severity="warning"))
        outcomes.append(outcome)
    return outcomes


def _deleted(outcome: Outcome, shown: str, switches: Switches, report: Report) -> Outcome:
    edited = edited_parts(outcome.before or "")
    if edited and not switches.force:
        span = _edited_line(shown, outcome.before or "", edited)
        report.add(diagnostic("JVP905", f"`{here(outcome.path)}` was edited by hand and is not deleted", span))
        return replace(outcome, action="refused")
    try:
        outcome.path.unlink()
    except OSError as error:
        message = f"cannot delete `{here(outcome.path)}`: {error.strerror or error}"
        report.add(diagnostic("JVP907", message, whole_file(shown)))
        return replace(outcome, action="refused")
    return replace(outcome, action="deleted", after=None)


def shown_output(path: Path, layout: Layout) -> str:
    """An output's path for spans: relative to the root where it lies under it."""
    return path.relative_to(layout.root).as_posix() if path.is_relative_to(layout.root) else str(path)


def _present(path: Path) -> str | None:
    """The text at `path`; None where there is no file. Bytes that are no text compare as different."""
    return text_at(path, errors="surrogateescape")


def _is_precious(before: str, text: str, path: Path, layout: Layout, report: Report) -> bool:
    """Whether the present file is not ours to overwrite; says so."""
    shown = shown_output(path, layout)
    if not bears_banner(before):
        span = first_line(shown, before)
        report.add(diagnostic("JVP906", f"`{here(path)}` exists and was not written by jvpgen", span))
        return True
    edited = edited_parts(before)
    if edited:
        names = ", ".join(f"`{name}`" if name else "text outside the functions" for name in edited)
        message = f"`{here(path)}` was edited by hand ({names})"
        report.add(diagnostic("JVP905", message, _edited_line(shown, before, edited, text)))
    return bool(edited)


def _edited_line(shown: str, before: str, edited: Iterable[str], after: str = "") -> Span:
    """The first generated function that was edited: one of an edited definition that says something else in `after`."""
    names = set(edited)
    footer = split_footer(before)[1]
    parts = footer.parts if footer is not None else ()
    functions = [name for part in parts if part.name in names for name in part.functions]
    old, new = definitions(split_footer(before)[0]), definitions(split_footer(after)[0])
    differing = [name for name in functions if body_key([old.get(name, "")]) != body_key([new.get(name, "")])]
    return first_definition(shown, before, differing or functions)
