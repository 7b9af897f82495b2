"""From paths to generated files: derives each file and what it needs of others, then writes, compares or prunes.

Nothing is written before everything is derived. A file with errors keeps the output that it has, every other file gets
its own, and all problems of the run stand in one report.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jvpgen.diagnostics.catalogue import STRICT_CODES, diagnostic
from jvpgen.diagnostics.report import Report, whole_file
from jvpgen.emit.home import EITHER
from jvpgen.project.asking import that_may_ask
from jvpgen.project.compiler import Compiler, Derived
from jvpgen.project.files import Layout, bears_banner, here, is_output, outputs, sources, text_at
from jvpgen.project.footer import Footer, Part, edited_parts, split_footer, with_footer
from jvpgen.project.freshness import is_fresh, named_source, reader, says_its_home, texts_used
from jvpgen.project.keys import definitions, generator_key, source_key, text_key
from jvpgen.project.outcome import Outcome, Switches, check_or_write, settle_orphans


@dataclass(frozen=True)
class Build:
    """What a run did; `report` holds all there is to say, `inspections` what the compiler knows of each class."""

    outcomes: tuple[Outcome, ...]
    report: Report
    inspections: tuple[Mapping[str, Any], ...] = ()


# Without the packages that should be followed, or with other rules than are meant, other text would be written.
_OF_THE_PROJECT = frozenset(("JVP202", "JVP203", "JVP405", "JVP406", "JVP407", "JVP408"))


@dataclass(frozen=True)
class _Made:
    """One file's derivation; `derived` is None where it failed or where there is nothing to derive."""

    derived: Derived | None
    report: Report
    fresh: str | None = None  # the present output, where its keys say that nothing has changed
    needed: tuple[tuple[str, str], ...] = ()

    @property
    def failed(self) -> bool:
        return self.report.has_errors


def build(
    paths: Sequence[Path],
    layout: Layout,
    compiler: Compiler,
    switches: Switches,
    taken: Mapping[Path, str] = MappingProxyType({}),
    foreign: frozenset[Path] = frozenset(),
) -> Build:
    """Brings the outputs of all sources under `paths` up to date, or says where they are not.

    `taken` are outputs that the run has made for other projects, with their sources; `foreign` are files that may be
    outputs of other projects, and so are no orphans of this one.
    """
    report = new_report(switches)
    found = sources(paths, layout, report)
    named = {Path(os.path.abspath(path)) for path in paths}
    asking = set() if switches.all else set(that_may_ask([path for path in found if path not in named], layout))
    inputs = [path for path in found if switches.all or path in named or path in asking]
    report.extend(compiler.problems)
    if any(found.severity == "error" and found.code in _OF_THE_PROJECT for found in report):
        return Build((), report)
    generator = generator_key(layout.config, compiler.rules)
    made = _derive_all(inputs, layout, compiler, switches, generator)
    for item in made.values():
        report.extend(item.report)
    report.extend(compiler.problems)
    refused = _that_cannot_run(made, layout)
    texts = _output_texts({path: item for path, item in made.items() if path not in refused}, layout, generator, report)
    clashes = _taken_by_others(texts, taken, layout, report)
    outcomes = [
        check_or_write(source, text, layout, switches, report)
        for source, text in texts.items()
        if source not in clashes
    ]
    outcomes += [_refused(source, layout) for source in sorted({*refused, *clashes})]
    alive = {layout.output_of(source) for source, item in made.items() if item.failed or source in {*texts, *refused}}
    alive |= foreign
    orphans = [path for path in outputs(paths, layout) if path not in alive and _is_orphan(path, layout, set(found))]
    outcomes += settle_orphans(orphans, layout, switches, report)
    return Build(tuple(outcomes), report, _inspections(made, inputs))


def inspect(paths: Sequence[Path], layout: Layout, compiler: Compiler, switches: Switches) -> Build:
    """What the compiler knows of every module class under `paths`; nothing is written.

    The diagnostics are those of a run that derives all of these classes, and what they need in other files.
    """
    report = new_report(switches)
    inputs = sources(paths, layout, report)
    made = _derive_all(inputs, layout, compiler, switches, generator_key(layout.config, compiler.rules))
    for item in made.values():
        report.extend(item.report)
    report.extend(compiler.problems)
    return Build((), report, _inspections(made, inputs))


def new_report(switches: Switches) -> Report:
    """An empty report for a run."""
    return Report(promoted=STRICT_CODES if switches.strict else frozenset())


# --- Deriving ---------------------------------------------------------------------------------------------------------


def _derive_all(
    inputs: Iterable[Path], layout: Layout, compiler: Compiler, switches: Switches, generator: str
) -> dict[Path, _Made]:
    """Derives the inputs, then what they need in other files, until nothing more is needed."""
    named = frozenset(inputs)
    needs: dict[Path, set[str]] = {path: _kept(path, layout, switches) for path in named}
    made: dict[Path, _Made] = {}
    waiting = sorted(needs)
    while waiting:
        for path in waiting:
            asked = frozenset(needs[path])
            fresh = _fresh(path, asked, layout, switches, generator)
            made[path] = fresh or _derive(path, asked, compiler, layout, switches, reached=path not in named)
        grown: set[Path] = set()
        for path in waiting:
            for place, name in made[path].needed:
                other = layout.root / place
                if other not in needs:
                    needs[other] = _kept(other, layout, switches)
                    grown.add(other)
                if name not in needs[other]:
                    needs[other].add(name)
                    grown.add(other)
        waiting = sorted(grown)
    return dict(sorted(made.items()))


def _derive(
    path: Path, needs: frozenset[str], compiler: Compiler, layout: Layout, switches: Switches, reached: bool
) -> _Made:
    report = new_report(switches)
    try:
        derived = compiler.derive(path, needs, report, reached=reached)
    except Exception as error:  # a fault of ours in one file must not take the others with it
        report.add(_fault(error, layout.shown(path)))
        derived = None
    return _Made(derived, report, needed=tuple(derived.needed) if derived is not None else ())


def _fresh(path: Path, needs: frozenset[str], layout: Layout, switches: Switches, generator: str) -> _Made | None:
    """The present output of `path`, if it need not be made again. A check never takes the keys' word for it."""
    if switches.check or switches.strict or switches.force or switches.all:
        return None
    try:
        text = text_at(layout.output_of(path)) or ""
    except (OSError, UnicodeDecodeError):
        return None
    footer = split_footer(text)[1] if bears_banner(text) else None
    if footer is None or footer.generator != generator or footer.warnings or named_source(text) != layout.shown(path):
        return None
    read = reader(path, layout.root)
    if not is_fresh(footer, read, needs) or edited_parts(text):
        return None
    if EITHER in text and says_its_home(read("") or {}, path):
        return None
    elsewhere = {use for part in footer.parts for use in part.uses if use[0].endswith(".py")}
    derived_there = {place: _derived_in(layout.root / place, layout) for place, _ in elsewhere}
    if any(names is None for names in derived_there.values()):
        return None
    needed = tuple(sorted((place, name) for place, name in elsewhere if name in (derived_there[place] or ())))
    return _Made(None, new_report(switches), text, needed)


def _derived_in(source: Path, layout: Layout) -> set[str] | None:
    """The definitions that the output of another file derives; None where that file cannot be read.

    A source without an output derives nothing, unless the output was lost, which only deriving anew can tell.
    """
    try:
        footer = split_footer(text_at(layout.output_of(source)) or "")[1]
    except (OSError, UnicodeDecodeError):
        return None
    return {part.name for part in footer.parts if not part.is_copied} if footer is not None else None


def _fault(error: Exception, shown: str) -> Any:
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    notes = [
        f"in {frame.name}, {Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"
        for frame in frames
    ]
    return diagnostic("JVP999", f"{type(error).__name__}: {error}", whole_file(shown), notes=notes)


def _kept(source: Path, layout: Layout, switches: Switches) -> set[str]:
    """What the file's present output derives and a run over a part of the project must not drop: others may need it."""
    if switches.whole_project:
        return set()
    try:
        output = text_at(layout.output_of(source)) or ""
        present = definitions(text_at(source, "utf-8-sig") or "")
    except (OSError, UnicodeDecodeError):
        return set()
    footer = split_footer(output)[1] if bears_banner(output) else None
    parts = footer.parts if footer is not None else ()
    return {part.name for part in parts if not part.is_copied and part.name.split(".")[0] in present}


def _inspections(made: Mapping[Path, _Made], inputs: Iterable[Path]) -> tuple[Mapping[str, Any], ...]:
    derived = [made[path].derived for path in inputs if path in made]
    return tuple(inspection for item in derived if item is not None for inspection in item.inspections)


# --- Texts ------------------------------------------------------------------------------------------------------------


def _that_cannot_run(made: Mapping[Path, _Made], layout: Layout) -> set[Path]:
    """The files that need, of files with errors, what those would have to derive: there will be no such bodies."""
    failed = {path for path, item in made.items() if item.failed}
    found: set[Path] = set()
    while True:
        without = {layout.shown(path) for path in failed | found}
        more = {
            path
            for path, item in made.items()
            if path not in failed | found and item.fresh is None and any(place in without for place, _ in item.needed)
        }
        if not more:
            return found
        found |= more


def _output_texts(made: Mapping[Path, _Made], layout: Layout, generator: str, report: Report) -> dict[Path, str]:
    """The whole text of each output, by source; a name clash between two sources is an error of the second."""
    texts: dict[Path, str] = {}
    owners: dict[Path, Path] = {}
    for source, item in made.items():
        if item.fresh is not None:
            texts[source] = item.fresh
            continue
        if item.failed or item.derived is None or not item.derived.functions:
            continue
        owner = owners.setdefault(layout.output_of(source), source)
        if owner is not source:
            both = f"`{here(owner)}` and `{here(source)}`"
            message = f"{both} are both written to `{layout.output_of(source).name}`"
            report.add(diagnostic("JVP104", message, whole_file(layout.shown(source))))
            continue
        parts = _parts(item.derived, reader(source, layout.root))
        footer = Footer(parts, generator, item.report.count("warning"))
        texts[source] = with_footer(item.derived.text, footer, layout.config.line_length)
    return texts


def _taken_by_others(texts: Iterable[Path], taken: Mapping[Path, str], layout: Layout, report: Report) -> set[Path]:
    """The sources whose outputs would overwrite those of another project; each is an error."""
    found = {source: taken[layout.output_of(source)] for source in texts if layout.output_of(source) in taken}
    for source, other in found.items():
        both = f"`{other}` and `{here(source)}`"
        message = f"{both} are both written to `{layout.output_of(source).name}`"
        report.add(diagnostic("JVP104", message, whole_file(layout.shown(source))))
    return set(found)


def _refused(source: Path, layout: Layout) -> Outcome:
    """What becomes of an output that is not even looked at."""
    return Outcome("refused", layout.shown(source), layout.output_of(source), None, None)


def _parts(derived: Derived, read: Any) -> tuple[Part, ...]:
    """The functions grouped by the definition that they belong to, in the order of their first."""
    functions: dict[str, list[str]] = {}
    uses: dict[str, dict[tuple[str, str], None]] = {}
    for function in derived.functions:
        functions.setdefault(function.qualname, []).append(function.name)
        uses.setdefault(function.qualname, {}).update(dict.fromkeys(map(tuple, function.uses)))  # type: ignore[arg-type]
    parts = []
    for name, names in functions.items():
        part = Part(name, tuple(names), tuple(sorted(uses[name])))
        texts = texts_used(part, read) or ()
        parts.append(Part(part.name, part.functions, part.uses, text_key(texts), source_key(texts)))
    return tuple(parts)


def _is_orphan(output: Path, layout: Layout, found: set[Path]) -> bool:
    """Whether an output that this run did not make is one too many: its source is gone, or was looked at in vain."""
    source = layout.source_of(output)
    return is_output(output) and (not os.path.exists(source) or source in found)
