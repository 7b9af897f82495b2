"""The compiler on one page: what happens to a file, in which order, and why.

1. **read** (`source`): the file is parsed, never imported; what its names mean is followed through the project's files.
2. **discover** (`source.discovery`): which classes and functions ask for a derivative.
3. **lower** (`ir`): methods become small frozen trees, with the user's own literals and comments.
4. **analyse** (`analysis`): which attributes, parameters and locals may carry a tangent.
5. **push** (`forward`): every statement becomes the same statement on values and tangents.
6. **tidy** (`forward.tidy`): tangents that nothing reads are dropped.
7. **emit** (`emit`): imports, public functions, bodies, laid out as a formatter would.

A function that cannot be pushed is left out, with a remark in its place and a diagnostic: at run time it goes through
`nn.jvp`. Whatever a body calls is derived as well: here if it stands in this file or in a followed package, which gets
no files of its own; else it is named in `needed`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jvpgen.analysis.coverage import Remaining
from jvpgen.analysis.facts import ROOTS
from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic, Report, whole_file
from jvpgen.emit import imports
from jvpgen.emit.file import IN_MEMORY, Derived, Settings, generated_file
from jvpgen.emit.home import home_of
from jvpgen.emit.inspection import inspect_modules
from jvpgen.emit.module import module_text
from jvpgen.forward import local
from jvpgen.forward.pushed import NotExpressible
from jvpgen.forward.reached import reached_unit, remaining_of
from jvpgen.forward.references import referenced
from jvpgen.forward.units import Policy, Spelling, Unit
from jvpgen.ir.declarations.patterns import unmatched
from jvpgen.rules import Rule
from jvpgen.rules.reading import hold
from jvpgen.source.discovery import Derived as Request
from jvpgen.source.discovery import DeriveOptions, discover
from jvpgen.source.locating import Place, locate
from jvpgen.source.module import SourceModule, load, parse
from jvpgen.source.reach import Definition, Reach


@dataclass(frozen=True)
class InMemory:
    """Generated text that is not written to a file, with what there is to say about it, None where nobody has asked."""

    text: str
    report: Any = None


@dataclass(frozen=True)
class MemoryReport:
    """What there is to say of a derivative made in memory, and of all that it runs, Flax's own layers aside.

    `opaque` lists the places that go through `jax.jvp` or `nn.jvp` at run time, `dispatched` those that it decides.
    """

    opaque: tuple[Remaining, ...] = ()
    dispatched: tuple[Remaining, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def derive_file(path: Path, reach: Reach, needs: Iterable[str], settings: Settings, report: Report) -> Derived | None:
    """The derivatives of the file at `path`: what it asks for, and the definitions in `needs`, by their names in it."""
    source = reach.load(path)
    if isinstance(source, Diagnostic):
        report.add(source)
        return None
    found = discover(source, reach)
    report.extend(found.diagnostics)
    report.extend(_vain_patterns(found.derived, reach))
    wanted = [request.definition for request in found.derived]
    wanted += [definition for definition in (_named(source, name, reach) for name in sorted(needs)) if definition]
    policies = {item.definition.key: item.options.custom_vjp for item in found.derived if item.options.custom_vjp}
    marked = _derived(wanted, found.modules, source, reach, report, policies)
    # what stands inside a function has no name that text could use
    others = [each for each in found.modules if "<locals>" not in each.path_in_module]
    units = _derived((*wanted, *others), (), source, reach, report, policies) if settings.everything else marked
    inspections = inspect_modules(found.modules, marked, reach) if settings.inspect else ()
    if not units:
        return Derived(source, "", (), (), inspections)
    home = home_of(source, reach, settings.absolute_imports, settings.packages)
    if not home.is_importable:
        span = found.derived[0].span if found.derived else whole_file(source.path)
        report.add(diagnostic("JVP108", f"`{source.absolute.name}` has no name that can be imported", span))
        return Derived(source, "", (), (), inspections)
    copied = _copied(units.values(), source, reach, report)
    return generated_file(source, reach, units, copied, found.derived, settings, inspections, report)


def derive_named(name: str, reach: Reach, report: Report) -> str | None:
    """The generated text for a class or function by its qualified name; None if there is no such definition."""
    definition = reach.definition(name)
    if definition is None:
        return None
    return _alone(definition, reach, report).text


def derive_in_memory(
    path: str, module_name: str, qualname: str, rules: tuple[Rule, ...] = (), custom_vjp: Policy = "error"
) -> InMemory | None:
    """The generated text for one definition of an importable file, following whatever is importable.

    `rules` are those that the running program has for functions.

    Raises:
      NotExpressible: where a function with a `jax.custom_vjp` is called, and is refused.
    """
    found = _in_memory(path, module_name, qualname, rules, custom_vjp)
    if found is None:
        return None
    report = Report()
    made = _alone(*found, report, module_name)
    if refused := [item for item in report if item.code == "JVP410"]:
        raise NotExpressible(f"{refused[0].message}, and custom_vjp='primal' is not given", None)
    return InMemory(made.text)


def report_in_memory(
    path: str, module_name: str, qualname: str, rules: tuple[Rule, ...] = (), custom_vjp: Policy = "error"
) -> MemoryReport | None:
    """What there is to say of the text that `derive_in_memory` gives."""
    found = _in_memory(path, module_name, qualname, rules, custom_vjp)
    if found is None:
        return None
    report = Report()
    _alone(*found, report, module_name)
    remaining = remaining_of(*found)
    kinds = {kind: tuple(item for item in remaining if item.kind == kind) for kind in ("opaque", "dispatched")}
    return MemoryReport(kinds["opaque"], kinds["dispatched"], tuple(report))


def _in_memory(
    path: str, module_name: str, qualname: str, rules: tuple[Rule, ...], custom_vjp: Policy
) -> tuple[Definition, Reach] | None:
    reach = _importable(tuple(sys.path), os.stat(path).st_mtime_ns, rules, custom_vjp)
    if module_name == "__main__":  # a script: imported by its file's name it would run again
        source = load(Path(path), reach.root, module_name)
        reach.add(Path(path), source)
    else:
        source = reach.module(module_name) or reach.load(Path(path))
    if isinstance(source, Diagnostic):
        return None
    definition = _named(source, qualname, reach)
    return None if definition is None or definition.qualified in ROOTS else (definition, reach)


def derive_local(
    text: str, path: str, module_name: str, place: Place, receiver: str = "", rules: tuple[Rule, ...] = ()
) -> InMemory:
    """The generated text for a function at a place of a file whose text is `text`: a function around the derivative.

    Raises:
      NotExpressible: where the function is not found, or cannot be written out.
    """
    reach = _importable(tuple(sys.path), hash(text), rules, "error")
    named = reach.module(module_name)
    name = module_name if module_name == "__main__" else None
    source = named if named is not None and named.text == text else parse(text, Path(path), reach.root, name)
    if isinstance(source, Diagnostic):
        raise NotExpressible(source.message, None)
    reach.add(source.absolute, source)
    located = locate(source, place)
    if located is None:
        raise NotExpressible("its source is not found", None)
    spelling = Spelling(source, reach)
    unit = local.derive_local(located, place, receiver, source, reach, spelling)
    lines = imports.added_import_lines(unit.body, unit.own_names, reach.names(source), spelling.runtime, unit.modules)
    made = module_text(source, [], [local.closure(unit, lines)], Settings().line_length, IN_MEMORY)
    kinds = {kind: tuple(item for item in unit.remaining if item.kind == kind) for kind in ("opaque", "dispatched")}
    return InMemory(made, MemoryReport(kinds["opaque"], kinds["dispatched"]))


@lru_cache(maxsize=8)
def _importable(search: tuple[str, ...], modified: int, rules: tuple[Rule, ...], custom_vjp: Policy) -> Reach:
    """Everything importable, read once; anew when the file in question is another than before."""
    reach = Reach(Path.cwd(), search=search, everything=True, custom_vjp=custom_vjp)
    hold(reach, rules)
    return reach


def _alone(definition: Definition, reach: Reach, report: Report, module: str = "") -> Derived:
    """One definition, with what it needs of its own file."""
    source = definition.module
    units = _units([definition], source, reach, report)
    request = Request(definition, DeriveOptions(), source.span(definition.node))
    return generated_file(
        source, reach, units, (), (request,), Settings(absolute_imports=True, in_memory=True, module=module), (), report
    )


def _named(source: SourceModule, name: str, reach: Reach) -> Definition | None:
    return reach.definition(f"{source.name}.{name}", source)


def _vain_patterns(requests: Iterable[Request], reach: Reach) -> Iterator[Diagnostic]:
    """Complaints about patterns of variables that match nothing."""
    for request in requests:
        if request.options.variables and request.definition.kind == "module_class":
            for pattern in unmatched(request.options.variables, request.definition, reach):
                message = f"`{request.definition.name}` has no variable that matches `{pattern}`"
                yield diagnostic("JVP106", message, request.span)


# --- Units ------------------------------------------------------------------------------------------------------------


_Policies = Mapping[str, Policy | None]  # for a `jax.custom_vjp`, of decorated definitions, by key
_NONE: _Policies = MappingProxyType({})


def _derived(
    wanted: Iterable[Definition],
    others: Iterable[Definition],
    source: SourceModule,
    reach: Reach,
    report: Report,
    policies: _Policies,
) -> dict[str, Unit]:
    """The units of a file; where a call is decided at run time, also of those module classes that it hands out."""
    units = _units(wanted, source, reach, report, policies)
    if any(item.kind == "dispatched" for unit in units.values() for item in unit.remaining):
        return _units([*wanted, *_handed_out(others, source, reach)], source, reach, report, policies)
    return units


def _units(
    wanted: Iterable[Definition], source: SourceModule, reach: Reach, report: Report, policies: _Policies = _NONE
) -> dict[str, Unit]:
    """The wanted definitions of this file and all that they reach in it, by name, each derived.

    What a decorated definition reaches has its policy.
    """
    waiting = [(definition, policies.get(definition.key)) for definition in wanted if definition.module is source]
    units: dict[str, Unit] = {}
    while waiting:
        definition, policy = waiting.pop(0)
        name = definition.path_in_module
        if name in units:
            continue
        units[name] = reached_unit(definition, reach, report, policy)
        reached = (other for other in referenced(units[name], reach) if other.module is source)
        waiting += [(other, policies.get(other.key, policy)) for other in reached]
    return units


def _copied(units: Iterable[Unit], source: SourceModule, reach: Reach, report: Report) -> tuple[Unit, ...]:
    """What the units reach in followed packages, sorted by file."""
    waiting = [other for unit in units for other in _in_packages(unit, source, reach)]
    found: dict[str, Unit] = {}
    while waiting:
        definition = waiting.pop(0)
        if definition.key in found:
            continue
        unit = reached_unit(definition, reach, report)
        found[definition.key] = unit
        waiting += _in_packages(unit, source, reach)
    return tuple(sorted(found.values(), key=lambda unit: (unit.definition.module.name, unit.order)))


def _in_packages(unit: Unit, source: SourceModule, reach: Reach) -> Iterator[Definition]:
    for other in referenced(unit, reach):
        if other.module is not source and not reach.in_project(other.module.absolute):
            yield other


def _handed_out(modules: Iterable[Definition], source: SourceModule, reach: Reach) -> Iterator[Definition]:
    """Module classes that the file's top level gives away, as in `Small = partial(ResNet, block_cls=Block)`."""
    bindings = (binding for found in reach.names(source).bindings.values() for binding in found)
    texts = [source.code(binding.node) for binding in bindings if binding.kind == "value" and binding.node is not None]
    for definition in modules:
        if any(re.search(rf"\b{definition.name}\b", text) for text in texts):
            yield definition
