"""What the compiler makes of a case: an empty folder enters, the outputs and the diagnostics leave. No JAX."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jvpgen.cli import options
from jvpgen.cli.render import plain
from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.project import compiler
from jvpgen.project.build import build
from jvpgen.project.configuration import read_config
from jvpgen.project.files import Layout
from jvpgen.project.outcome import Switches
from tests.golden.cases import DIAGNOSTICS, INPUT, Case, Mark, written

_GENERATOR = re.compile(r"\bgenerator=\w+")  # changes with every rule


@dataclass(frozen=True)
class Compiled:
    """The outputs by their place in the case, and what was said about which lines."""

    outputs: Mapping[str, str]
    diagnostics: str
    diagnosed: frozenset[Mark]

    @property
    def golden(self) -> dict[str, str]:
        """What belongs into `golden/`."""
        texts = {place: _GENERATOR.sub("generator=-", text) for place, text in self.outputs.items()}
        return {**texts, DIAGNOSTICS: self.diagnostics} if self.diagnostics else texts


@cache
def compiled(case: Case) -> Compiled:
    """The case as the compiler sees it now."""
    with tempfile.TemporaryDirectory() as folder:
        return compiled_in(case, Path(folder).resolve())


def compiled_in(case: Case, root: Path) -> Compiled:
    """Compiles a case in the empty folder `root`, where its files stay."""
    folder = written(case, root)
    arguments = options.parse([*case.flags, str(folder / INPUT)])
    config_report = Report()
    config = read_config(root, config_report)
    layout = Layout(root, config, root / arguments.output if arguments.output else None)
    switches = Switches(all=arguments.all, strict=arguments.strict)
    done = build([folder / INPUT], layout, compiler.of(layout, arguments.all), switches)
    found = [*config_report, *done.report]
    return Compiled(
        outputs={
            case.place_of(outcome.path.relative_to(folder).as_posix()): outcome.after
            for outcome in done.outcomes
            if outcome.after is not None
        },
        diagnostics=_rendered(found, root),
        diagnosed=frozenset(_mark(item, folder.relative_to(root).as_posix()) for item in found),
    )


def _rendered(found: Sequence[Diagnostic], root: Path) -> str:
    def read(path: str) -> list[str] | None:
        file = root / path
        return file.read_bytes().decode("utf-8", "replace").splitlines() if file.exists() else None

    return "".join(f"{plain(item, read)}\n\n" for item in found).removesuffix("\n")


def _mark(item: Diagnostic, folder: str) -> Mark:
    """A diagnostic as it is marked in a source; one without a place on the first line of the input."""
    path, line = (item.span.path, item.span.line) if item.span is not None else (INPUT, 1)
    prefix = "" if folder == "." else f"{folder}/"
    return path.removeprefix(prefix), line, f"{item.severity[0].upper()}: {item.code}"
