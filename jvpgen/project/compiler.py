"""What the build asks of the compiler: one file's derivatives at a time. Only this file knows `pipeline`'s names.

`pipeline` is imported when first used, because `--version`, `explain` and a wrong command line need none of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.project.configuration import entry_span
from jvpgen.project.files import Layout
from jvpgen.source.reach import Reach


class DerivedFunction(Protocol):
    """A function of the generated text."""

    @property
    def name(self) -> str:
        """Its name in the generated file."""

    @property
    def qualname(self) -> str:
        """The definition of the source that it belongs to."""

    @property
    def uses(self) -> Sequence[tuple[str, str]]:
        """What it was made from, as in `jvpgen.project.footer.Part`."""


class Derived(Protocol):
    """What the compiler made of one file."""

    @property
    def text(self) -> str:
        """The generated file without its footer; empty where the file only had to be inspected."""

    @property
    def functions(self) -> Sequence[DerivedFunction]: ...

    @property
    def needed(self) -> Sequence[tuple[str, str]]:
        """Definitions of other project files that must be derived too: (path relative to the root, name)."""

    @property
    def inspections(self) -> Sequence[Mapping[str, Any]]: ...


class Compiler(Protocol):
    """Derives files of one project."""

    def derive(self, path: Path, needs: frozenset[str], report: Report, *, reached: bool = False) -> Derived | None:
        """The derivatives of the file at `path`, of `needs` besides what it asks for itself; None if there are none.

        A file that is `reached` from others, and not itself looked at, is asked for no more than that.
        """

    @property
    def rules(self) -> Sequence[object]:
        """The rules in force, for the generator's key."""

    @property
    def problems(self) -> Sequence[Diagnostic]:
        """What is wrong beyond single files: followed packages that are missing, files that cannot be read, rules."""


# --- The pipeline as a compiler ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pipeline:
    """jvpgen's own compiler, over one project's files, each of which is read once."""

    layout: Layout
    everything: bool  # every linen module, decorated or not
    inspecting: bool = False  # what there is to say of each class is wanted, the text is not

    @cached_property
    def _reach(self) -> Reach:
        config = self.layout.config
        return Reach(
            self.layout.root, follow=config.follow, search=sys.path, rules=config.rules, custom_vjp=config.custom_vjp
        )

    def derive(self, path: Path, needs: frozenset[str], report: Report, *, reached: bool = False) -> Derived | None:
        """See `Compiler`."""
        from jvpgen import pipeline
        from jvpgen.emit.file import Settings

        settings = Settings(
            line_length=self.layout.config.line_length,
            everything=self.everything and not reached,
            absolute_imports=self.layout.output is not None,
            packages=self.layout.config.namespace_packages,
            inspect=self.inspecting and not reached,
        )
        made: Derived | None = pipeline.derive_file(path, self._reach, needs, settings, report)
        return made

    @property
    def rules(self) -> Sequence[object]:
        """See `Compiler`."""
        from jvpgen.rules.reading import user_rules
        from jvpgen.rules.table import RULES

        users = user_rules(self._reach)
        own = [replace(rule, name=name) for name, rule in users.table.items()]
        # a rule may move within its file
        rules = (replace(rule, place="") for rule in (*RULES.values(), *own))
        return (*rules, *users.modules)

    @property
    def problems(self) -> Sequence[Diagnostic]:
        """See `Compiler`."""
        from jvpgen.rules.reading import user_rules

        rules = user_rules(self._reach)
        missing = (
            *self._missing("JVP202", "follow", self._reach.missing),
            *self._missing("JVP203", "rules", rules.missing),
        )
        return (*missing, *rules.problems, *self._reach.problems)

    def _missing(self, code: str, key: str, names: Iterable[str]) -> Iterator[Diagnostic]:
        for name in names:
            yield diagnostic(
                code, f"`{key}` names `{name}`, which is not found", entry_span(self.layout.root, key, name)
            )


def of(layout: Layout, everything: bool, inspecting: bool = False) -> Compiler:
    """The compiler for a project."""
    return Pipeline(layout, everything, inspecting)


def text_of_name(name: str, layout: Layout, report: Report) -> str | None:
    """The generated text for a class or function anywhere on the import path; None if there is none of that name."""
    from jvpgen import pipeline

    text: str | None = pipeline.derive_named(name, Reach(layout.root, search=sys.path, everything=True), report)
    return text
