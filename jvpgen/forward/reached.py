"""What a definition runs, as far as the text tells: its own functions, inherited ones, and all that these call.

A module class is as explicit as everything that one of its instances may run. Flax's own layers do not count: their
bodies are made on first use, from the Flax that is installed, and `docs/flax-layers.md` says what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from jvpgen.analysis.callees import is_super
from jvpgen.analysis.coverage import Remaining
from jvpgen.analysis.facts import class_facts, file_environment, lowered, methods_of, storing_methods
from jvpgen.analysis.members import first_parameter
from jvpgen.analysis.records import OPERATOR_METHODS
from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Report
from jvpgen.forward.references import called_by, held_by_fields, records_used, sources_of
from jvpgen.forward.units import Policy, Spelling, Unit, derive_unit, is_getter, label_of
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.source.classes import Method, find_method, own_methods
from jvpgen.source.reach import Definition, Reach


@dataclass
class _Known:
    """The units of a run, each made once for each policy, with what was said of it."""

    units: dict[tuple[str, Policy], tuple[Unit, Report]] = field(default_factory=dict)
    spellings: dict[str, Spelling] = field(default_factory=dict)


_known: WeakKeyDictionary[Reach, _Known] = WeakKeyDictionary()


def reached_unit(definition: Definition, reach: Reach, report: Report, policy: Policy | None = None) -> Unit:
    """The unit of a definition, with what it inherits and cannot use; diagnostics go to `report`.

    `policy` for a `jax.custom_vjp` is that of the definition's file, where it is another than the project's.
    """
    unit, said = _own_unit(definition, reach, policy)
    report.extend(said)
    unused = tuple(_unused_bodies(definition, reach)) if definition.kind == "module_class" else ()
    for item in unused:
        report.add(diagnostic(item.code, item.reason, item.span))
    return replace(unit, remaining=(*unit.remaining, *unused))


def _own_unit(definition: Definition, reach: Reach, policy: Policy | None = None) -> tuple[Unit, Report]:
    known = _known.setdefault(reach, _Known())
    key = (definition.key, policy or reach.custom_vjp)
    if key not in known.units:
        source = definition.module
        spelling = known.spellings.setdefault(str(source.absolute), Spelling(source, reach))
        report = Report()
        known.units[key] = derive_unit(definition, reach, spelling, report, policy), report
    return known.units[key]


# --- All that runs ----------------------------------------------------------------------------------------------------


def remaining_of(definition: Definition, reach: Reach, policy: Policy | None = None) -> tuple[Remaining, ...]:
    """The calls that run time decides in all that the definition runs, its own first; `policy` as above."""
    found: dict[Remaining, None] = {}
    waiting = [definition]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop(0)
        if current.key in seen:
            continue
        seen.add(current.key)
        for owner, name in _bodies_run(current, reach):
            unit, _ = _own_unit(owner, reach, policy if owner.module is definition.module else None)
            label = label_of(unit.definition, name) if name else unit.name
            found.update(dict.fromkeys(item for item in unit.remaining if item.inside == label))
            waiting += (other for other in called_by(unit, name, reach) if _is_followed(other, definition))
            for record, member in _members_read(unit, name, reach):
                own, _ = _own_unit(record, reach, policy if record.module is definition.module else None)
                found.update(dict.fromkeys(item for item in own.remaining if item.inside == label_of(record, member)))
        if current.kind == "module_class":
            found.update(dict.fromkeys(_unused_bodies(current, reach)))
            waiting += (other for other in held_by_fields(current, reach) if _is_followed(other, definition))
    return tuple(found)


def _is_followed(other: Definition, start: Definition) -> bool:
    """Whether what a definition calls counts: not Flax's and JAX's own code, unless that is looked at."""
    package = other.module.name.partition(".")[0]
    return package not in ("flax", "jax") or package == start.module.name.partition(".")[0]


def _bodies_run(definition: Definition, reach: Reach) -> Iterator[tuple[Definition, str]]:
    """The definitions that hold what one runs, each with the name of a method; "" is a plain function's own."""
    if definition.kind != "module_class":
        yield definition, ""
        return
    for method in methods_run(definition, reach):
        yield method.owner, method.name


def methods_run(definition: Definition, reach: Reach) -> tuple[Method, ...]:
    """The methods that an instance of a module class may run: its own, inherited ones, and those behind `super()`."""
    found: dict[tuple[str, str], Method] = {}
    waiting = list(methods_of(definition, reach).values())
    while waiting:
        method = waiting.pop(0)
        if (method.owner.key, method.name) in found:
            continue
        found[method.owner.key, method.name] = method
        for node in nodes.walk(lowered(method)):
            if isinstance(node, nodes.Attribute) and is_super(node.value):
                above = find_method(definition, node.attribute, reach, after=method.owner)
                waiting += [above] if isinstance(above, Method) else []
    return tuple(found.values())


def _members_read(unit: Unit, name: str, reach: Reach) -> Iterator[tuple[Definition, str]]:
    """Methods of classes of values that a body may run: by their names, or by an operator where it names the class."""
    outer = file_environment(unit.definition.module, reach, unit.definition)
    read, named = set(), set()
    for node in (node for function in sources_of(unit, reach, name or None) for node in nodes.walk(function)):
        if isinstance(node, nodes.Attribute) and outer.qualified(dotted(node) or "") is None:
            read.add(node.attribute)
        elif isinstance(node, nodes.Name):
            named.add(node.id)
    for record in records_used(unit, outer, reach):
        for member in own_methods(record, reach):
            if member in read or (member in OPERATOR_METHODS and record.name in named):
                yield record, member


# --- Bodies that an instance cannot use -------------------------------------------------------------------------------

_STATE = frozenset(("param", "variable", "variables", "get_variable", "perturb"))


def _unused_bodies(definition: Definition, reach: Reach) -> Iterator[Remaining]:
    """Inherited methods that run under `nn.jvp` in this class, though they are written out.

    A body calls what had no tangent in its own class as it is: if a subclass overrides that, the body is not used.
    """
    place = definition.module.span(definition.node)
    facts = class_facts(definition, reach)
    setup_is_noticed = facts.methods.get("setup") is None or _setups_are_of_modules(definition, reach)
    for method in methods_run(definition, reach):
        owner, _ = _own_unit(method.owner, reach)
        if method.owner is definition or method.owner.key == definition.key or method.name not in owner.bodies:
            continue
        if method.owner.kind != "module_class" and setup_is_noticed:  # it asks for the tangents of all that it reads
            continue
        read = _own_attributes_read(method)
        base = class_facts(method.owner, reach)
        moved = sorted(read & facts.active_attributes - base.active_attributes)
        moved += sorted(name for name in read if _may_move(name, definition, method.owner, reach))
        if moved:
            names = " and ".join(f"`{name}`" for name in moved)
            label = label_of(method.owner, method.name)
            reason = (
                f"`{label}` runs under `nn.jvp` in `{definition.path_in_module}`: it takes {names} for constant, which "
                "the subclass overrides"
            )
            yield Remaining("opaque", label, reason, place, "JVP403", inside=definition.path_in_module)


def _setups_are_of_modules(definition: Definition, reach: Reach) -> bool:
    """Whether every `setup` of a module class stands in a class of modules: Flax says when those run."""
    return all(setup.owner.kind == "module_class" for setup in storing_methods(definition, reach))


def _own_attributes_read(method: Method) -> frozenset[str]:
    self_name = first_parameter(method)
    return frozenset(
        node.attribute
        for node in nodes.walk(lowered(method))
        if isinstance(node, nodes.Attribute) and node.value == nodes.Name(self_name)
    )


def _may_move(name: str, definition: Definition, owner: Definition, reach: Reach) -> bool:
    """Whether the class overrides a method or property without a derivative by one that may have a tangent."""
    original, override = methods_of(owner, reach).get(name), methods_of(definition, reach).get(name)
    if original is None or override is None or override.owner.key == original.owner.key:
        return False
    unit, _ = _own_unit(original.owner, reach)
    has_body = original.name in unit.bodies or any(
        item.code == "JVP403" and item.inside == label_of(original.owner, original.name) for item in unit.remaining
    )
    if has_body or not is_getter(override):
        return not has_body and not override.is_property
    facts = class_facts(definition, reach)
    return bool(_own_attributes_read(override) & (_STATE | facts.active_attributes | facts.methods.keys()))
