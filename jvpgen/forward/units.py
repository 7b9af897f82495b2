"""One definition of the source as a unit: a module class with its methods, or a function, each pushed forward.

What cannot be pushed is left out with a remark; at run time it is differentiated as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import libcst as cst

from jvpgen.analysis.activity import function_environment, leaves_active
from jvpgen.analysis.coverage import Remaining, remaining_calls
from jvpgen.analysis.decorators import has_own_rule, keeps_results, unknown_decorator
from jvpgen.analysis.environment import ClassFacts, Environment
from jvpgen.analysis.facts import bases_of, class_facts, file_environment, lowered, method_environment, storing_methods
from jvpgen.analysis.inertness import needs_pushing
from jvpgen.analysis.records import OPERATOR_METHODS
from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Report
from jvpgen.forward.functions import derived_parameters, push_function
from jvpgen.forward.naming import RUNTIME_NAMES, Naming, module_aliases
from jvpgen.forward.pushed import Frame, NotExpressible, call
from jvpgen.forward.tidy import tidied
from jvpgen.ir import nodes
from jvpgen.ir.explicit import mangled
from jvpgen.ir.lower import lower_expression, lower_function, parse_expression
from jvpgen.ir.scoping import all_names, dotted, reads
from jvpgen.source.circles import leads_in_a_circle
from jvpgen.source.classes import Method, fields, own_methods
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach


@dataclass(frozen=True)
class Remark:
    """What stands in place of a body that could not be written: the reason, and a statement that makes it known."""

    text: str
    statement: nodes.Expression


@dataclass(frozen=True)
class Unit:
    """A definition with its bodies. `bodies` maps each derived method to its body, "" being a plain function's own."""

    definition: Definition
    order: int
    parts: tuple[nodes.Function | Remark, ...]
    bodies: dict[str, nodes.Function]
    remaining: tuple[Remaining, ...]
    bases: tuple[Definition, ...] = ()
    facts: ClassFacts | None = None

    @property
    def name(self) -> str:
        return self.definition.path_in_module


@dataclass(frozen=True)
class Spelling:
    """How a generated file spells JAX's modules and the runtime's names: chosen once for the file."""

    source: SourceModule
    reach: Reach

    @cached_property
    def runtime(self) -> dict[str, str]:
        """The runtime's names that the file uses for something else, with the names that stand in for them."""
        return {name: f"{name}_" for name in RUNTIME_NAMES if self.uses(name)}

    def uses(self, identifier: str) -> bool:
        """Whether the file uses an identifier other than as an attribute; asked of the text before the tree."""
        if re.search(rf"(?<![\w.]){identifier}(?!\w)", self.source.text) is None:
            return False
        return identifier in self._identifiers

    @cached_property
    def _identifiers(self) -> frozenset[str]:
        finder = _Identifiers()
        self.source.tree.visit(finder)
        return frozenset(finder.found)

    @cached_property
    def modules(self) -> dict[str, str]:
        return module_aliases(self.reach.names(self.source))


class _Identifiers(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False


def derive_unit(definition: Definition, reach: Reach, spelling: Spelling, report: Report) -> Unit:
    """The unit of a module class or of a function; calls that go to `jax.jvp` are reported."""
    order = definition.module.span(definition.node).line
    of_kind = _UNITS_BY_KIND.get(definition.kind, _class_unit)
    unit = of_kind(definition, order, reach, spelling, report)
    for item in unit.remaining:
        if item.code == "JVP401" and item.qualified and leads_in_a_circle(item.qualified, definition, reach):
            message = f"`{item.qualified}` leads to no definition: the imports of the project go in a circle"
            report.add(diagnostic("JVP201", message, item.span))
        elif item.code == "JVP404":
            report.add(diagnostic("JVP404", item.reason, item.span))
        elif item.code == "JVP501":
            report.add(diagnostic("JVP501", f"`{item.expression}` gets a function over active values", item.span))
        elif item.code == "JVP401":
            message = f"`{item.expression}` goes through `jax.jvp`: {item.reason}"
            report.add(diagnostic("JVP401", message, item.span))
    return unit


# --- Functions --------------------------------------------------------------------------------------------------------


def _function_unit(definition: Definition, order: int, reach: Reach, spelling: Spelling, report: Report) -> Unit:
    assert isinstance(definition.node, cst.FunctionDef)
    function = lower_function(definition.node, definition.module.span)
    outer = file_environment(definition.module, reach, definition)
    if has_own_rule(function, outer):
        return Unit(definition, order, (), {}, ())
    unknown = [found for found in (unknown_decorator(item, outer) for item in function.decorators) if found]
    body = _pushed(
        function, outer, definition.path_in_module, _target(definition.path_in_module), unknown, spelling, report
    )
    remaining = remaining_calls(function, function_environment(function, outer))
    if isinstance(body, nodes.Function):
        return Unit(definition, order, (body,), {"": body}, _inside(definition.path_in_module, remaining))
    remaining.append(_as_opaque(function, body))
    return Unit(definition, order, (body,), {}, _inside(definition.path_in_module, remaining))


# --- Classes ----------------------------------------------------------------------------------------------------------


def _class_unit(definition: Definition, order: int, reach: Reach, spelling: Spelling, report: Report) -> Unit:
    facts = class_facts(definition, reach)
    if facts.active_attributes:
        facts = replace(facts, setup_is_written=_setups_are_written(definition, facts, reach, spelling))
    parts: list[nodes.Function | Remark] = []
    bodies: dict[str, nodes.Function] = {}
    remaining: list[Remaining] = []
    for name, method in own_methods(definition, reach).items():
        if not _is_derivable(name, method):
            continue
        function = lowered(method)
        outer = method_environment(method, facts, reach)
        if has_own_rule(function, outer) or not _has_something(function, outer, facts):
            continue
        unknown = [found for found in (unknown_decorator(item, outer) for item in function.decorators) if found]
        label = label_of(definition, name)
        body = _pushed(function, outer, label, _target(label), unknown, spelling, report)
        parts.append(body)
        found = remaining_calls(function, function_environment(function, outer))
        if isinstance(body, nodes.Function):
            bodies[name] = body
        else:
            found.append(_as_opaque(function, body))
        remaining += _inside(label, found)
    return Unit(definition, order, tuple(parts), bodies, tuple(remaining), bases_of(definition, reach), facts)


def label_of(definition: Definition, method: str) -> str:
    """How a method is called in `@body(...)`, in remarks and in lists: its class, for `__call__`."""
    attribute = mangled(method, definition.path_in_module)
    return definition.path_in_module if method == "__call__" else f"{definition.path_in_module}.{attribute}"


def _inside(label: str, found: Iterable[Remaining]) -> tuple[Remaining, ...]:
    return tuple(replace(item, inside=label) for item in found)


def _setups_are_written(definition: Definition, facts: ClassFacts, reach: Reach, spelling: Spelling) -> bool:
    """Whether every `setup` that an instance runs can be pushed: else no attribute of it has a tangent."""
    for setup in storing_methods(definition, reach):
        function, outer = lowered(setup), method_environment(setup, facts, reach)
        if isinstance(_pushed(function, outer, "setup", nodes.Name("setup"), [], spelling, Report()), Remark):
            return False
    return True


def _is_derivable(name: str, method: Method) -> bool:
    if name.startswith("__") and name.endswith("__") and name != "__call__":
        return False
    return not method.is_property or is_getter(method)


def _has_something(function: nodes.Function, outer: Environment, facts: ClassFacts) -> bool:
    """Whether a body would say more than the method itself: it returns, stores or passes on a tangent."""
    if not all(keeps_results(decorator, outer) for decorator in function.decorators):
        return True
    inside = function_environment(function, outer)
    if function.name == "setup":
        return bool(facts.active_attributes)
    if function.name == "__call__":
        return True
    if facts.methods.get(function.name) == "property":
        return function.name in facts.active_properties
    if leaves_active(function, inside):
        return True
    return any(
        isinstance(node, nodes.Call) and needs_pushing(node, inside)
        for statement in function.body
        for node in nodes.walk(statement)
    )


# --- Classes of values ------------------------------------------------------------------------------------------------


def _value_class_unit(definition: Definition, order: int, reach: Reach, spelling: Spelling, report: Report) -> Unit:
    """The methods, properties and operators of a record: functions whose first argument is the record."""
    parts: list[nodes.Function | Remark] = []
    bodies: dict[str, nodes.Function] = {}
    remaining: list[Remaining] = []
    outer = file_environment(definition.module, reach, definition)
    for name, method in own_methods(definition, reach).items():
        if not is_value_method(method):
            continue
        function = lowered(method)
        if not leaves_active(function, function_environment(function, outer)):
            continue
        unknown = [found for found in (unknown_decorator(item, outer) for item in function.decorators) if found]
        label = label_of(definition, name)
        body = _pushed(function, outer, label, _target(label), unknown, spelling, report)
        parts.append(body)
        found = remaining_calls(function, function_environment(function, outer))
        if isinstance(body, nodes.Function):
            bodies[name] = body
        else:
            found.append(_as_opaque(function, body))
        remaining += _inside(label, found)
    return Unit(definition, order, tuple(parts), bodies, tuple(remaining))


def is_value_method(method: Method) -> bool:
    """Whether a method of a class of values may be asked for its derivative: a method, a getter, an operator."""
    if method.is_static or method.is_class_method or (method.is_property and not is_getter(method)):
        return False
    special = method.name.startswith("__") and method.name.endswith("__")
    return not special or method.name in OPERATOR_METHODS


def is_getter(method: Method) -> bool:
    return method.decorators[-1:] in (("builtins.property",), ("functools.cached_property",))


_UNITS_BY_KIND = {"function": _function_unit, "struct": _value_class_unit, "class": _value_class_unit}


# --- Pushing ----------------------------------------------------------------------------------------------------------


def _target(label: str) -> nodes.Expression:
    """What a body is registered for; a definition inside a function has no name that leads to it."""
    return nodes.Constant("None") if "<locals>" in label else parse_expression(label)


def body_name(label: str, spelling: Spelling) -> str:
    """`_CNN` for `CNN`, `_CNN_encode` for `CNN.encode`, `_helper` for `helper`."""
    name = "_" + label.replace(".", "_").lstrip("_")
    return f"{name}_body" if spelling.uses(name) else name


def _pushed(
    function: nodes.Function,
    outer: Environment,
    label: str,
    target: nodes.Expression,
    unknown_decorators: list[str],
    spelling: Spelling,
    report: Report,
) -> nodes.Function | Remark:
    """The body of a function, or a remark on why there is none."""
    naming = Naming(all_names(function) | _globals_read(function), spelling.modules, spelling.runtime)
    frame = Frame(outer, naming)
    try:
        if "<locals>" in label:
            raise NotExpressible("a definition inside a function cannot be named from outside", function)
        if unknown_decorators:
            raise NotExpressible(f"the decorator `{unknown_decorators[0]}` may change the function", function)
        name = body_name(label, spelling)
        return tidied(push_function(function, frame, name, _decorator_call(target, function, outer, frame)), naming)
    except NotExpressible as stopped:
        code = "JVP403" if unknown_decorators else stopped.code
        report.add(diagnostic(code, f"`{label}` is not written out: {stopped.reason}", stopped.span or function.span))
        return Remark(f"{label} runs under `nn.jvp`: {stopped.reason}.", call(frame.naming.helper("opaque"), target))


def _globals_read(function: nodes.Function) -> frozenset[str]:
    return reads(function)


def _decorator_call(
    target: nodes.Expression, function: nodes.Function, outer: Environment, frame: Frame
) -> nodes.Expression:
    """`@body(CNN)`, with the tangents that are not called `<parameter>_dot` named."""
    renamed = renamed_tangents(function, outer, frame)
    decorated = call(frame.naming.helper("body"), target)
    if not renamed:
        return decorated
    items = tuple((nodes.Constant(f'"{name}"'), nodes.Constant(f'"{tangent}"')) for name, tangent in renamed.items())
    given = (*decorated.arguments, nodes.Argument(nodes.DictDisplay(items), "tangents"))
    return replace(decorated, arguments=given)


def renamed_tangents(function: nodes.Function, outer: Environment, frame: Frame) -> dict[str, str]:
    """The parameters whose tangents are not called `<parameter>_dot`, with the names of these."""
    named = {name: frame.naming.tangent(name) for name in sorted(derived_parameters(function, outer))}
    return {name: tangent for name, tangent in named.items() if tangent != f"{name}_dot"}


def _as_opaque(function: nodes.Function, remark: Remark) -> Remaining:
    return Remaining("opaque", function.name, remark.text, function.span, "JVP403")


# --- What a unit reaches ----------------------------------------------------------------------------------------------


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
        if (definition.key, is_direct) in seen:
            continue
        seen.add((definition.key, is_direct))
        if definition.kind in ("module_class", "function"):
            yield name, asking if is_direct else None, definition
        elif definition.kind == "value":
            inner = file_environment(definition.module, reach)
            waiting += [(part, definition.module, inner, False) for part in _value_names(definition)]


def _names_read(unit: Unit, reach: Reach, method: str | None = None) -> list[str]:
    return sorted({name for function in sources_of(unit, reach, method) for name in _dotted_reads(function)})


def records_used(unit: Unit, outer: Environment, reach: Reach) -> Iterator[Definition]:
    """Classes of values in sight with a member that the unit may use: by its name, or by an operator."""
    read = [node for function in sources_of(unit, reach) for node in nodes.walk(function)]
    names = {node.attribute for node in read if isinstance(node, nodes.Attribute)}
    has_operators = any(isinstance(node, nodes.Binary | nodes.Unary | nodes.Subscript | nodes.Call) for node in read)
    for definition in outer.members().classes:
        if "<locals>" in definition.path_in_module:  # it cannot be named from outside
            continue
        own = {name for name, method in own_methods(definition, reach).items() if is_value_method(method)}
        if own & names or (has_operators and own & OPERATOR_METHODS):
            yield definition


def globals_read(unit: Unit, reach: Reach) -> frozenset[str]:
    """Top-level names of its own file that the unit's source reads: imports and constants too."""
    bound = reach.names(unit.definition.module).bindings
    return frozenset(name for function in sources_of(unit, reach) for name in reads(function) if name in bound)


def _owner(method: Definition, reach: Reach) -> Definition | None:
    """The module class whose method a definition is."""
    if "." not in method.path_in_module:
        return None
    qualified = method.qualified.rpartition(".")[0]
    owner = reach.definition(qualified, method.module)
    return owner if owner is not None and owner.kind == "module_class" else None


def sources_of(unit: Unit, reach: Reach, only: str | None = None) -> Iterator[nodes.Function]:
    """The functions of the source that the unit was made from: `setup` too, which may have no body."""
    definition = unit.definition
    if definition.kind != "function":
        for name, method in own_methods(definition, reach).items():
            if only in (None, name):
                yield lowered(method)
    elif isinstance(definition.node, cst.FunctionDef):
        yield lower_function(definition.node)


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


def _value_names(definition: Definition) -> Iterable[str]:
    """Names in a value of the file; a function whose derivative the user gives, `jax.custom_jvp(f)`, needs no other."""
    found = _names_in(definition.node)
    return () if any(name.endswith(("custom_jvp", "custom_vjp")) for name in found) else found


def _names_in(node: cst.CSTNode) -> list[str]:
    if not isinstance(node, cst.BaseExpression):
        return []
    lowered_node = lower_expression(node)
    names = (dotted(part) for part in nodes.walk(lowered_node) if isinstance(part, nodes.Name | nodes.Attribute))
    return [name for name in names if name is not None]
