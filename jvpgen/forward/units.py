"""One definition of the source as a unit: a module class with its methods, or a function, each pushed forward.

What cannot be pushed is left out with a remark; at run time it is differentiated as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import libcst as cst

from jvpgen.analysis.activity import function_environment, leaves_active
from jvpgen.analysis.coverage import Remaining, remaining_calls
from jvpgen.analysis.custom_vjp import function_of, has_custom_vjp
from jvpgen.analysis.decorators import drops_tangents, has_own_rule, is_custom_vjp, keeps_results, unknown_decorator
from jvpgen.analysis.environment import ClassFacts, Environment, Receiver
from jvpgen.analysis.facts import bases_of, class_facts, lowered, method_environment, storing_methods
from jvpgen.analysis.inertness import needs_pushing
from jvpgen.analysis.members import declared_attributes, first_parameter, held_attributes
from jvpgen.analysis.records import OPERATOR_METHODS
from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic, Report
from jvpgen.forward.construction import allowing, is_constructible, outer_environment
from jvpgen.forward.functions import derived_parameters, push_function
from jvpgen.forward.naming import RUNTIME_NAMES, Naming, module_aliases
from jvpgen.forward.pushed import Frame, NotExpressible, call
from jvpgen.forward.tidy import tidied
from jvpgen.ir import nodes
from jvpgen.ir.explicit import mangled
from jvpgen.ir.lower import lower_function, parse_expression
from jvpgen.ir.scoping import all_names, reads
from jvpgen.rules import lookup
from jvpgen.source.circles import leads_in_a_circle
from jvpgen.source.classes import Method, own_methods
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

Policy: TypeAlias = Literal["error", "primal"]  # what becomes of functions with a `jax.custom_vjp`


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
    custom_vjp: Policy = "error"

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


def derive_unit(
    definition: Definition, reach: Reach, spelling: Spelling, report: Report, custom_vjp: Policy | None = None
) -> Unit:
    """The unit of a module class or of a function; calls that go to `jax.jvp` are reported.

    `custom_vjp` is the policy where it is another than the project's.
    """
    order = definition.module.span(definition.node).line
    of_kind = _UNITS_BY_KIND.get(definition.kind, _class_unit)
    policy = custom_vjp or reach.custom_vjp
    unit = replace(of_kind(definition, order, reach, spelling, report, policy), custom_vjp=policy)
    for item in unit.remaining:
        if item.code == "JVP401" and item.qualified and leads_in_a_circle(item.qualified, definition, reach):
            message = f"`{item.qualified}` leads to no definition: the imports of the project go in a circle"
            report.add(diagnostic("JVP201", message, item.span))
        elif item.code in ("JVP404", "JVP410"):
            report.add(diagnostic(item.code, item.reason, item.span))
        elif item.code == "JVP501":
            report.add(diagnostic("JVP501", f"`{item.expression}` gets a function over active values", item.span))
        elif item.code == "JVP401" and (broken := _unreadable(item, definition, reach)) is not None:
            message = f"`{item.expression}` goes through `jax.jvp`: `{item.qualified}` stands in a file with an error"
            notes = (f"at {broken.span}: {broken.message}",)
            report.add(diagnostic("JVP401", message, item.span, notes=notes, remedy="Correct that file."))
        elif item.code == "JVP401":
            message = f"`{item.expression}` goes through `jax.jvp`: {item.reason}"
            report.add(diagnostic("JVP401", message, item.span, notes=filter(None, (item.note,))))
    return unit


def _unreadable(item: Remaining, definition: Definition, reach: Reach) -> Diagnostic | None:
    return reach.unreadable(item.qualified, definition.module) if item.qualified else None


# --- Functions --------------------------------------------------------------------------------------------------------


def _function_unit(
    definition: Definition, order: int, reach: Reach, spelling: Spelling, report: Report, policy: Policy
) -> Unit:
    node = function_of(definition, reach)
    if node is None or (definition.kind == "value" and not has_custom_vjp(definition, reach)):
        return Unit(definition, order, (), {}, ())
    function = lower_function(node, definition.module.span)
    outer = outer_environment(definition, reach, policy)
    has_rule = has_own_rule(function, outer) or outer.rule_of(definition.qualified) is not None
    if has_rule and not (drops_tangents(function, outer) and _calls_a_parameter(function)):
        return Unit(definition, order, (), {}, ())
    is_custom = has_custom_vjp(definition, reach)
    if is_custom and policy == "error":  # where it is called with active values, that is said
        return Unit(definition, order, (), {}, ())
    unknown = _unknown_decorators(function, outer)
    body = _pushed(
        function, outer, definition.path_in_module, _target(definition.path_in_module), unknown, spelling, report
    )
    if is_custom and isinstance(body, nodes.Function):
        body = replace(body, comments=_through_source(definition.name))
    remaining = remaining_calls(function, function_environment(function, outer))
    if isinstance(body, nodes.Function):
        return Unit(definition, order, (body,), {"": body}, _inside(definition.path_in_module, remaining))
    remaining.append(_as_opaque(function, body))
    return Unit(definition, order, (body,), {}, _inside(definition.path_in_module, remaining))


def _calls_a_parameter(function: nodes.Function) -> bool:
    """Whether a function may be given a module: it calls a parameter, or a method that no array has."""
    names = function.parameters.names()
    for node in nodes.walk(function):
        match node:
            case nodes.Call(function=nodes.Name(id=name)) if name in names:
                return True
            case nodes.Call(function=nodes.Attribute(value=nodes.Name(id=name), attribute=method)) if name in names:
                if lookup(f"array.{method}") is None:
                    return True
    return False


def _unknown_decorators(function: nodes.Function, outer: Environment) -> list[str]:
    """The decorators that stand in the way; `jax.custom_vjp` does not where the source is to be differentiated."""
    left = [item for item in function.decorators if outer.custom_vjp == "error" or not is_custom_vjp(item, outer)]
    return [found for found in (unknown_decorator(item, outer) for item in left) if found]


def _through_source(name: str) -> tuple[str, ...]:
    return (f"# {name} has a jax.custom_vjp; this is the derivative of its source,", '# by `custom_vjp = "primal"`.')


# --- Classes ----------------------------------------------------------------------------------------------------------


def _class_unit(
    definition: Definition, order: int, reach: Reach, spelling: Spelling, report: Report, policy: Policy
) -> Unit:
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
        outer = allowing(method_environment(method, facts, reach), method.owner.module, reach, policy)
        if has_own_rule(function, outer) or not _has_something(function, outer, facts):
            continue
        custom = [item for item in function.decorators if is_custom_vjp(item, outer)]
        if custom and policy == "error":
            report.add(diagnostic("JVP410", f"`{name}` has a `jax.custom_vjp`", custom[0].span or function.span))
        unknown = _unknown_decorators(function, outer)
        label = label_of(definition, name)
        body = _pushed(function, outer, label, _target(label), unknown, spelling, report)
        if custom and isinstance(body, nodes.Function):
            body = replace(body, comments=_through_source(label))
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
        if setup.owner.kind != "module_class" and setup.name == "setup":  # Flax does not say when it runs
            return False
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


def _value_class_unit(
    definition: Definition, order: int, reach: Reach, spelling: Spelling, report: Report, policy: Policy
) -> Unit:
    """The methods, properties and operators of a record: functions whose first argument is the record, or its class."""
    parts: list[nodes.Function | Remark] = []
    bodies: dict[str, nodes.Function] = {}
    remaining: list[Remaining] = []
    file = outer_environment(definition, reach, policy)
    receiver = Receiver("", declared_attributes(definition, reach), held_attributes(definition, reach))
    for name, method in own_methods(definition, reach).items():
        is_init = name == "__init__" and is_constructible(definition, reach, policy)
        if not is_value_method(method) and not is_init:
            continue
        function = lowered(method)
        outer = replace(file, **_first_parameter(method, receiver))
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


def _first_parameter(method: Method, receiver: Receiver) -> Mapping[str, Any]:
    """What the environment of a method says of its first parameter: the record itself, or its class."""
    if method.is_static:
        return {}
    name = first_parameter(method)
    return {"self_name": name} if method.is_class_method else {"receiver": replace(receiver, name=name)}


def is_value_method(method: Method) -> bool:
    """Whether a method of a class of values may be asked for its derivative: a method, a getter, an operator."""
    if method.is_property and not is_getter(method):
        return False
    special = method.name.startswith("__") and method.name.endswith("__")
    return not special or method.name in OPERATOR_METHODS


def is_getter(method: Method) -> bool:
    return method.decorators[-1:] in (("builtins.property",), ("functools.cached_property",))


_UNITS_BY_KIND = {
    "function": _function_unit,
    "value": _function_unit,
    "struct": _value_class_unit,
    "class": _value_class_unit,
}


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
