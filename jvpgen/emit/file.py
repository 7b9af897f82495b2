"""One generated file: what its functions are, what it imports, and of what each of them depends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from jvpgen.analysis import records
from jvpgen.analysis.facts import file_environment
from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.emit import imports, public
from jvpgen.emit.copies import Copy, TopLevel, read_by
from jvpgen.emit.home import Home, home_of
from jvpgen.emit.module import module_text
from jvpgen.forward.naming import RUNTIME_NAMES, Naming
from jvpgen.forward.references import globals_read, needs_rules, referenced
from jvpgen.forward.units import Remark, Spelling, Unit
from jvpgen.ir import nodes
from jvpgen.rules.reading import user_rules
from jvpgen.source.discovery import Derived as Request
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Reach

IN_MEMORY = "Made in memory, from the source as it is now."


@dataclass(frozen=True)
class Settings:
    """How files are derived.

    `absolute_imports` is for outputs that do not stand beside their source, `packages` lists folders that are packages
    without an `__init__.py`, `inspect` asks for what there is to say about every module class of the file, `in_memory`
    says that no file is written, and `module` by which name the source was imported.
    """

    line_length: int = 88
    everything: bool = False
    absolute_imports: bool = False
    packages: tuple[str, ...] = ()
    inspect: bool = False
    in_memory: bool = False
    module: str = ""


@dataclass(frozen=True)
class DerivedFunction:
    """A generated function, the definition it was made from, and all definitions whose text it depends on."""

    name: str
    qualname: str
    uses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Derived:
    """What the compiler makes of one file."""

    source: SourceModule
    text: str
    functions: tuple[DerivedFunction, ...]
    needed: tuple[tuple[str, str], ...]
    inspections: tuple[Mapping[str, Any], ...]


def generated_file(
    source: SourceModule,
    reach: Reach,
    units: Mapping[str, Unit],
    copied: Sequence[Unit],
    requests: Sequence[Request],
    settings: Settings,
    inspections: tuple[Mapping[str, Any], ...],
    report: Report,
) -> Derived:
    """The file that is written for `source`: the functions of its own `units`, and copies of what packages need."""
    ordered = sorted(units.values(), key=lambda unit: unit.order)
    spelling = Spelling(source, reach)
    naming = Naming(frozenset(), spelling.modules, spelling.runtime)
    functions: list[Copy] = []
    asked: list[tuple[str, Request]] = []
    for request in requests:
        unit = units.get(request.definition.path_in_module)
        if unit is not None:
            made_public = public.functions(request, unit, reach, naming, settings.line_length)
            functions += [Copy(made, unit.name) for made in made_public]
            asked += [(made.name, request) for made in made_public]
    functions += [Copy(part, unit.name) for unit in ordered for part in unit.parts]
    hidden = public.hidden_names(requests, reach, naming)
    beside = home_of(source, reach, settings.absolute_imports, settings.packages)
    home = Home(settings.module, absolute=True) if settings.module else beside
    top = TopLevel(
        [item.part for item in functions],
        _imports([item.part for item in functions], source, reach, hidden, home),
    )
    for module, group in groupby(copied, key=lambda unit: unit.definition.module):
        parts = [Copy(part, _origin(unit, source)) for unit in group for part in unit.parts]
        there = home_of(module, reach, absolute=True)
        top.add(module, parts, _imports([item.part for item in parts], module, reach, {}, there))
    functions += top.copies
    report.extend(_clashes(asked, functions, top))
    origin = IN_MEMORY if settings.in_memory else f"To regenerate: {_command(source)}"
    everything = (*ordered, *copied)
    rules = _rules_needed(everything, reach, settings)
    lines = imports.import_lines(top.imports.values(), home, imports.registering(rules, top.meanings))
    members = _special_members(everything, source, reach)
    text = module_text(source, lines, [item.part for item in functions], settings.line_length, origin, members)
    uses = {_origin(unit, source): _uses(unit, requests, source, reach) for unit in everything}
    derived_functions = tuple(
        DerivedFunction(item.part.name, item.origin, uses[item.origin])
        for item in functions
        if isinstance(item.part, nodes.Function)
    )
    needed = _needed(everything, source, reach)
    return Derived(source, text, derived_functions, needed, inspections)


def _clashes(asked: Sequence[tuple[str, Request]], functions: Sequence[Copy], top: TopLevel) -> Iterator[Diagnostic]:
    """Complaints about names of public functions that mean something else in the generated file."""
    written = [item.part.name for item in functions[len(asked) :] if isinstance(item.part, nodes.Function)]
    for name, request in asked:
        if name in top.imports or name in top.builtins or name in written:
            message = f"`{name}` already means something else in the generated file"
            yield diagnostic("JVP104", message, request.span)


def _imports(
    parts: Sequence[nodes.Function | Remark],
    source: SourceModule,
    reach: Reach,
    hidden: Mapping[str, str],
    home: Home,
) -> dict[str, imports.Import]:
    """What parts that were made from `source` import."""
    spelling = Spelling(source, reach)
    runtime = {name: spelling.runtime.get(name, name) for name in RUNTIME_NAMES}
    spelled = imports.Spelled(runtime, spelling.modules, hidden)
    return imports.imports_of(read_by(parts), source, reach, spelled, home)


def _rules_needed(units: Iterable[Unit], reach: Reach, settings: Settings) -> Iterator[Home]:
    """The modules whose rules run time may ask for, as the generated file imports them."""
    for name in user_rules(reach).modules if needs_rules(units, reach) else ():
        module = reach.module(name)
        if module is not None:
            yield home_of(module, reach, True, settings.packages)


def _special_members(units: Iterable[Unit], source: SourceModule, reach: Reach) -> list[str]:
    """The members that every function of the file takes for those of records where their class has them."""
    modules = {unit.definition.module.absolute: unit.definition.module for unit in units}
    elsewhere = [records.special_members(file_environment(module, reach)) for module in modules.values()]
    own = records.special_members(file_environment(source, reach))
    return [name for name in own if all(name in names for names in elsewhere)]


def _origin(unit: Unit, source: SourceModule) -> str:
    """The definition that a unit was made from, as the footer names it: with its module if that is a package's."""
    module = unit.definition.module
    return unit.name if module is source else f"{module.name}:{unit.name}"


def _command(source: SourceModule) -> str:
    return f"python -m jvpgen {source.path}"


def _uses(unit: Unit, requests: Iterable[Request], source: SourceModule, reach: Reach) -> tuple[tuple[str, str], ...]:
    """What the unit was made from: itself, the names of its file that it reads, definitions of other files."""
    home = _place_of(unit.definition.module, source, reach)
    found: dict[tuple[str, str], None] = {(home, unit.name.split(".")[0]): None}
    for name in sorted(globals_read(unit, reach)):
        found[home, name] = None
    options = [item.named for item in requests if item.definition is unit.definition and item.named is not None]
    for other in (*unit.bases, *referenced(unit, reach), *options):
        found[_place_of(other.module, source, reach), other.path_in_module.split(".")[0]] = None
    return tuple(found)


def _place_of(module: SourceModule, source: SourceModule, reach: Reach) -> str:
    """A file as the footer names it: its path in the project, the module of a package, "" for the source itself."""
    if module is source:
        return ""
    return module.path if reach.in_project(module.absolute) else module.name


def _needed(units: Iterable[Unit], source: SourceModule, reach: Reach) -> tuple[tuple[str, str], ...]:
    """Definitions of other project files that the units reach."""
    others = {
        (other.module.path, other.path_in_module)
        for unit in units
        for other in referenced(unit, reach)
        if other.module is not source and reach.in_project(other.module.absolute)
    }
    return tuple(sorted(others))
