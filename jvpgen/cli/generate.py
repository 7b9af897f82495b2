"""The commands that go through a project's files: writing, checking, showing differences, inspecting."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jvpgen.cli import render
from jvpgen.cli.console import Terminal
from jvpgen.cli.inspection import described, placed
from jvpgen.diagnostics.report import Report
from jvpgen.project import compiler
from jvpgen.project.build import Build, build, inspect
from jvpgen.project.configuration import read_config
from jvpgen.project.files import Layout, here, sources
from jvpgen.project.outcome import Outcome, Switches
from jvpgen.project.roots import project_root

_USAGE_CODES = frozenset({"JVP202", "JVP203", "JVP904", "JVP911", "JVP912", "JVP913"})
_WORDS = {
    "written": "written",
    "deleted": "deleted",
    "unchanged": "unchanged",
    "stale": "out of date",
    "missing": "missing",
    "orphaned": "orphaned",
    "refused": "not written",
}


@dataclass(frozen=True)
class _Project:
    """The paths of a command line that belong to one root."""

    layout: Layout
    paths: tuple[Path, ...]
    whole: bool
    report: Report  # what is wrong with its configuration


def generate(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Writes, or under --check, --diff and --stdout compares, the outputs of the named sources."""
    outcomes: list[Outcome] = []
    reports: list[Report] = []
    projects = _projects(arguments)
    if _misconfigured(projects, terminal):
        return 2
    written: dict[Path, str] = {}
    for project in projects:
        done = build(
            project.paths,
            project.layout,
            compiler.of(project.layout, arguments.all),
            _switches(arguments, project),
            written,
            _outputs_of_others(project, projects),
        )
        written |= _outputs(project, done.outcomes)
        for outcome in done.outcomes:
            _print_outcome(outcome, arguments, terminal)
        terminal.report(done.report, project.layout.root)
        outcomes += done.outcomes
        reports.append(done.report)
    if not arguments.quiet:
        terminal.status(_summary(outcomes, reports))
    changed = any(outcome.action in ("written", "deleted") for outcome in outcomes)
    return max(_exit_code(reports), int(changed and arguments.exit_non_zero_on_change))


def inspect_paths(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Prints what is known of every module class under the named paths."""
    projects = _projects(arguments)
    if _misconfigured(projects, terminal):
        return 2
    builds = []
    for project in projects:
        made: Build = inspect(
            project.paths,
            project.layout,
            compiler.of(project.layout, everything=True, inspecting=True),
            _switches(arguments, project),
        )
        made = replace(made, inspections=tuple(placed(item, project.layout.root) for item in made.inspections))
        builds.append(made)
        if arguments.output_format == "text":
            terminal.data("\n".join(map(described, made.inspections)))
        terminal.report(made.report, project.layout.root)
    if arguments.output_format == "json":
        found = [inspection for made in builds for inspection in made.inspections]
        terminal.data(json.dumps(found, indent=2))
    return _exit_code([made.report for made in builds])


# --- Projects ---------------------------------------------------------------------------------------------------------


def _projects(arguments: argparse.Namespace) -> list[_Project]:
    """The command line's paths by project, in the order of their roots."""
    if not arguments.paths:
        return [_project_here(arguments)]
    by_root: dict[Path, list[Path]] = {}
    for path in map(Path, arguments.paths):
        by_root.setdefault(project_root(path), []).append(Path(os.path.abspath(path)))
    return [_project(root, paths, arguments) for root, paths in sorted(by_root.items())]


def _project_here(arguments: argparse.Namespace) -> _Project:
    """The project of the current folder: what its configuration includes, or the current folder."""
    root = project_root(Path.cwd())
    include = [root / path for path in read_config(root, Report()).include]
    return _project(root, include or [Path.cwd()], arguments)


def _project(root: Path, paths: Sequence[Path], arguments: argparse.Namespace) -> _Project:
    report = Report()
    config = read_config(root, report)
    named = getattr(arguments, "output", None)
    output = Path(os.path.abspath(named)) if named else root / config.output if config.output else None
    scope = [root / path for path in config.include] or [root]
    whole = all(any(place.is_relative_to(path) for path in paths) for place in scope)
    return _Project(Layout(root, config, output), tuple(paths), whole, report)


def _misconfigured(projects: Iterable[_Project], terminal: Terminal) -> bool:
    """Whether a configuration is wrong, having said so: with another configuration, other text would be written."""
    wrong = [project for project in projects if project.report.has_errors]
    for project in wrong:
        terminal.report(project.report, project.layout.root)
    if wrong:
        terminal.status(", ".join(["nothing written", *render.totals(_joined(project.report for project in wrong))]))
    return bool(wrong)


def _switches(arguments: argparse.Namespace, project: _Project) -> Switches:
    if arguments.command == "inspect":
        return Switches(all=True, strict=arguments.strict, dry=True)
    return Switches(
        all=arguments.all,
        strict=arguments.strict,
        check=arguments.check,
        dry=arguments.check or arguments.diff or arguments.stdout,
        force=arguments.force,
        prune=arguments.prune,
        whole_project=project.whole,
    )


def _outputs_of_others(project: _Project, projects: Iterable[_Project]) -> frozenset[Path]:
    """The outputs that other projects of the command line may have in this one's output folder."""
    others = (other for other in projects if other is not project and other.layout.output and project.layout.output)
    return frozenset(
        other.layout.output_of(source) for other in others for source in sources(other.paths, other.layout, Report())
    )


def _outputs(project: _Project, outcomes: Iterable[Outcome]) -> dict[Path, str]:
    """The outputs of a project, and where each came from."""
    there = (outcome for outcome in outcomes if outcome.action not in ("refused", "deleted", "orphaned"))
    return {outcome.path: here(project.layout.root / outcome.source) for outcome in there}


# --- Printing ---------------------------------------------------------------------------------------------------------


def _print_outcome(outcome: Outcome, arguments: argparse.Namespace, terminal: Terminal) -> None:
    name = here(outcome.path)
    if arguments.stdout and outcome.after is not None and outcome.action != "orphaned":
        terminal.code(outcome.after)
    if arguments.diff and outcome.differs:
        exists, remains = outcome.before is not None, outcome.after is not None
        terminal.diff(outcome.before or "", outcome.after or "", name, exists=exists, remains=remains)
    if outcome.action in ("written", "deleted") and not arguments.quiet:
        terminal.status(f"{outcome.action} {name}")


def _summary(outcomes: Sequence[Outcome], reports: Sequence[Report]) -> str:
    counts = {action: sum(outcome.action == action for outcome in outcomes) for action in _WORDS}
    parts = [f"{count} {_WORDS[action]}" for action, count in counts.items() if count]
    return ", ".join([*(parts or ["nothing to derive"]), *render.totals(_joined(reports))])


def _joined(reports: Iterable[Report]) -> Report:
    return Report(diagnostic for report in reports for diagnostic in report)


def _exit_code(reports: Iterable[Report]) -> int:
    errors = {diagnostic.code for report in reports for diagnostic in report if diagnostic.severity == "error"}
    return 2 if errors & _USAGE_CODES else 1 if errors else 0
