"""What a unit names: the definitions that its bodies may call, and the names of its file that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from jvpgen.analysis.carriers import may_be_held
from jvpgen.analysis.custom_vjp import function_of, has_custom_vjp
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.facts import file_environment, lowered
from jvpgen.analysis.records import OPERATOR_METHODS
from jvpgen.forward.units import Unit, is_value_method
from jvpgen.ir import nodes
from jvpgen.ir.lower import lower_expression, lower_function
from jvpgen.ir.scoping import dotted, reads
from jvpgen.rules.reading import user_rules
from jvpgen.source.classes import fields, own_methods
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach


def referenced(unit: Unit, reach: Reach) -> tuple[Definition, ...]:
    """Definitions that the unit's bodies may call: named in them, in field defaults, or in values that they name."""
    source = unit.definition.module
    outer = file_environment(source, reach, unit.definition)
    found = {other.key: other for other in (*unit.bases, *records_used(unit, outer, reach))}
    names = [(name, source, outer) for name in _names_read(unit, reach)]
    for definition in (unit.definition, *unit.bases):
        if definition.kind == "module_class":
            names += _default_names(definition, reach)
    values = {name for body in unit.bodies.values() for name in _value_reads(body)}
    for name, asking, definition in _definitions_named(names, reach):
        is_called_plainly = definition.kind == "function" and asking is source and name not in values
        if not is_called_plainly:
            found.setdefault(definition.key, definition)
    found.pop(unit.definition.key, None)
    return tuple(found.values())


def called_by(unit: Unit, method: str, reach: Reach) -> Iterator[Definition]:
    """Module classes and functions that one body of the unit may call with tangents, as far as it names them."""
    source = unit.definition.module
    outer = file_environment(source, reach, unit.definition)
    values = set(_value_reads(unit.bodies[method])) if method in unit.bodies else set()
    names = [(name, source, outer) for name in _names_read(unit, reach, method)]
    for name, asking, definition in _definitions_named(names, reach):
        if definition.kind == "module_class" or asking is None or name in values:
            yield definition


def held_by_fields(definition: Definition, reach: Reach) -> Iterator[Definition]:
    """Module classes and functions that the fields of a module class hold by default."""
    yield from (found for _, _, found in _definitions_named(_default_names(definition, reach), reach))


_Named = tuple[str, SourceModule, Environment]


def _definitions_named(names: Iterable[_Named], reach: Reach) -> Iterator[tuple[str, SourceModule | None, Definition]]:
    """The module classes and functions of these names, each with the file that names it, and those in the values of
    these names, for which that is None."""
    waiting = [(name, asking, environment, True) for name, asking, environment in names]
    seen: set[tuple[str, bool]] = set()
    while waiting:
        name, asking, environment, is_direct = waiting.pop(0)
        qualified = environment.qualified(name)
        named = reach.definition(qualified, asking) if qualified is not None else None
        if named is None:
            continue
        definition = named if named.kind != "function" else _owner(named, reach) or named
        if (definition.key, is_direct) in seen or has_written_rule(definition, reach):
            continue
        seen.add((definition.key, is_direct))
        if definition.kind in ("module_class", "function", "struct", "class") or has_custom_vjp(definition, reach):
            yield name, asking if is_direct else None, definition
        elif definition.kind == "value":
            inner = file_environment(definition.module, reach)
            waiting += [(part, definition.module, inner, False) for part in _value_names(definition, inner, reach)]


def _names_read(unit: Unit, reach: Reach, method: str | None = None) -> list[str]:
    return sorted({name for function in sources_of(unit, reach, method) for name in _dotted_reads(function)})


def needs_rules(units: Iterable[Unit], reach: Reach) -> bool:
    """Whether run time may ask for a rule that users have written: for a value, or for what a generated file calls."""
    if not user_rules(reach).table:
        return False
    for unit in units:
        outer = file_environment(unit.definition.module, reach, unit.definition)
        if has_written_rule(unit.definition, reach) or any(item.kind == "dispatched" for item in unit.remaining):
            return True
        values = (outer.qualified(name) for body in unit.bodies.values() for name in _value_reads(body))
        if any(name is not None and outer.rule_of(name) is not None for name in values):
            return True
    return False


def has_written_rule(definition: Definition, reach: Reach) -> bool:
    """Whether a function has a rule in one of the project's rules modules."""
    return definition.kind in ("function", "value") and definition.qualified in user_rules(reach).table


def records_used(unit: Unit, outer: Environment, reach: Reach) -> Iterator[Definition]:
    """Classes of values that the unit may hold, with a member that it may use: by its name, or by an operator."""
    read = [node for function in sources_of(unit, reach) for node in nodes.walk(function)]
    names = {node.attribute for node in read if isinstance(node, nodes.Attribute)}
    has_operators = any(isinstance(node, nodes.Binary | nodes.Unary | nodes.Subscript | nodes.Call) for node in read)
    for definition in outer.members().classes:
        if "<locals>" in definition.path_in_module:  # it cannot be named from outside
            continue
        own = {name for name, method in own_methods(definition, reach).items() if is_value_method(method)}
        is_used = own & names or (has_operators and own & OPERATOR_METHODS)
        if is_used and may_be_held(definition, unit.definition.module, reach):
            yield definition


def globals_read(unit: Unit, reach: Reach) -> frozenset[str]:
    """Top-level names of its own file that the unit's source reads: imports and constants too."""
    bound = reach.names(unit.definition.module).bindings
    names = {name for function in sources_of(unit, reach) for name in reads(function)}
    if unit.definition.kind == "value":
        names |= {name.partition(".")[0] for name in _names_in(unit.definition.node)}
    return frozenset(names & bound.keys())


def _owner(method: Definition, reach: Reach) -> Definition | None:
    """The class of modules or of values whose method a definition is."""
    if "." not in method.path_in_module:
        return None
    qualified = method.qualified.rpartition(".")[0]
    owner = reach.definition(qualified, method.module)
    return owner if owner is not None and owner.kind in ("module_class", "struct", "class") else None


def sources_of(unit: Unit, reach: Reach, only: str | None = None) -> Iterator[nodes.Function]:
    """The functions of the source that the unit was made from: `setup` too, which may have no body."""
    definition = unit.definition
    if definition.kind not in ("function", "value"):
        for name, method in own_methods(definition, reach).items():
            if only in (None, name):
                yield lowered(method)
    elif (node := function_of(definition, reach)) is not None:
        yield lower_function(node)


def _dotted_reads(function: nodes.Function) -> Iterator[str]:
    """Names and attribute chains that a body reads from its module; of a chain every part is one."""
    free = reads(function)
    for node in nodes.walk(function):
        if isinstance(node, nodes.Name | nodes.Attribute):
            name = dotted(node)
            if name is not None and name.split(".")[0] in free:
                yield name


def _value_reads(function: nodes.Function) -> Iterator[str]:
    """Names that a body reads other than to call them plainly: what it gives to `pushforward`, stores or passes on."""
    free = reads(function)

    def found(node: nodes.Node) -> Iterator[str]:
        name = dotted(node) if isinstance(node, nodes.Name | nodes.Attribute) else None
        if name is not None and name.split(".")[0] in free:
            yield name
        for child in nodes.children(node):
            is_callee = isinstance(node, nodes.Call) and child is node.function
            if is_callee and isinstance(child, nodes.Name | nodes.Attribute) and dotted(child) is not None:
                continue
            yield from found(child)

    for statement in function.body:
        yield from found(statement)


def _default_names(definition: Definition, reach: Reach) -> list[_Named]:
    """Names in the defaults of a class's fields."""
    found = []
    for item in fields(definition, reach):
        if item.default_node is not None:
            environment = file_environment(item.owner.module, reach)
            found += [(name, item.owner.module, environment) for name in _names_in(item.default_node)]
    return found


def _value_names(definition: Definition, environment: Environment, reach: Reach) -> Iterable[str]:
    """Names in a value of the file that tangents may come to; a function whose derivative the user gives,
    `jax.custom_jvp(f)`, needs no other, and one that made the value was called when the file was imported."""
    if any(name.endswith(("custom_jvp", "custom_vjp")) for name in _names_in(definition.node)):
        return
    assert isinstance(definition.node, cst.BaseExpression)
    for name, is_called in _names_used(lower_expression(definition.node)):
        qualified = environment.qualified(name) if is_called else None
        called = reach.definition(qualified, definition.module) if qualified is not None else None
        if called is None or called.kind != "function":
            yield name


def _names_used(node: nodes.Node) -> Iterator[tuple[str, bool]]:
    """The names in an expression, and whether that calls them as soon as it is evaluated."""
    name = dotted(node) if isinstance(node, nodes.Name | nodes.Attribute) else None
    if name is not None:
        yield name, False
    for child in nodes.children(node):
        called = dotted(child) if isinstance(node, nodes.Call) and child is node.function else None
        if called is not None:
            yield called, True
            yield from _names_used(child.value) if isinstance(child, nodes.Attribute) else ()
        else:
            inside = _names_used(child)
            yield from ((found, False) for found, _ in inside) if isinstance(node, nodes.Lambda) else inside


def _names_in(node: cst.CSTNode) -> list[str]:
    if not isinstance(node, cst.BaseExpression):
        return []
    lowered_node = lower_expression(node)
    names = (dotted(part) for part in nodes.walk(lowered_node) if isinstance(part, nodes.Name | nodes.Attribute))
    return [name for name in names if name is not None]
