"""Whether the text tells what a call calls: a layer or function that it names, under whatever name.

What a field holds, an entry of a table, or what `getattr` gives, is known when the program runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jvpgen.analysis import callees, control, instances
from jvpgen.analysis.activity import call_is_active, callee_of, is_active
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted, target_names


def is_decided(function: nodes.Expression, environment: Environment) -> bool:
    """Whether the text tells what calling `function` calls, or `coverage` says of a part of it that it does not."""
    if instances.instance_class(function, environment):
        return True
    match function:
        case nodes.Lambda() | nodes.Constant(text="None"):
            return True
        case nodes.Conditional(body=body, orelse=orelse):
            return is_decided(body, environment) and is_decided(orelse, environment)
        case nodes.Name(id=name) if name in environment.local:
            return name in environment.functions or _all_bound(name, environment, is_decided)
        case nodes.Attribute(value=nodes.Name(id=owner), attribute=name) if owner == environment.self_name:
            return _is_decided_attribute(name, environment)
        case nodes.Call():
            return _makes_decided(function, environment)
    kind = callees.classify(nodes.Call(function, ()), environment, is_active)
    return not isinstance(kind, callees.Unknown | callees.External)


def _is_decided_attribute(name: str, environment: Environment) -> bool:
    facts = environment.facts
    if name in callees.OF_EVERY_MODULE:
        return True
    if facts is None or name in facts.fields | facts.open_attributes or facts.methods.get(name) == "property":
        return False
    return name in facts.methods or name in facts.attributes


def _makes_decided(call: nodes.Call, environment: Environment) -> bool:
    """Whether what a call returns, and is called then, is decided: a layer, a partial, what a function makes."""
    target = control.lifted_target(call, environment)
    if target is not None:
        return _is_class_or_decided(target, environment)
    match callee_of(call, environment):
        case callees.Construct():
            return _is_known_class(call.function, environment)
        case callees.Partial():
            return bool(call.arguments) and _is_class_or_decided(call.arguments[0].value, environment)
        case callees.Followed(what="builtins.getattr"):
            return False
        case callees.Followed(what=name) if name in control.PARTNERED:
            return bool(call.arguments) and _is_class_or_decided(call.arguments[0].value, environment)
        case callees.Followed() | callees.LocalFunction() | callees.RuleCall():
            return True
        case callees.External() | callees.Unknown():  # said of the call itself, if it may return something active
            return call_is_active(call, environment)
    return False


def _is_class_or_decided(function: nodes.Expression, environment: Environment) -> bool:
    return _is_known_class(function, environment) or is_decided(function, environment)


def _is_known_class(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is a class that the text names, a partial of one, or one with a lifted transform around it."""
    name = dotted(node)
    if isinstance(node, nodes.Name) and node.id in environment.local:
        return _all_bound(node.id, environment, _is_known_class)
    qualified = environment.global_name(name) if name else None
    if qualified is not None:
        return environment.kind(qualified) in ("module_class", "class", "struct")
    match node:
        case nodes.Conditional(body=body, orelse=orelse):
            return _is_known_class(body, environment) and _is_known_class(orelse, environment)
        case nodes.Call() if (target := control.lifted_target(node, environment)) is not None:
            return _is_known_class(target, environment)
        case nodes.Call(function=function, arguments=(first, *_)):
            called = dotted(function)
            is_partial = called is not None and environment.global_name(called) == "functools.partial"
            return is_partial and _is_known_class(first.value, environment)
    return False


def _all_bound(name: str, environment: Environment, holds: Callable[[nodes.Expression, Environment], bool]) -> bool:
    """Whether all that a local name is bound to is known, and `holds` of it."""
    if name in environment.parameters:
        return False
    outside = replace(environment, parameters=environment.parameters | {name})  # a name bound to itself is not known
    values: list[nodes.Expression] = []
    for node in (node for statement in environment.around for node in nodes.walk(statement)):
        match node:
            case nodes.Assign(targets=(nodes.Name(id=bound),), value=value) if bound == name and value is not None:
                values.append(value)
            case nodes.Assign() | nodes.AugmentedAssign() | nodes.For() | nodes.Clause() | nodes.WithItem():
                if name in _bound_by(node):
                    return False
            case nodes.NamedExpression(target=nodes.Name(id=bound)) if bound == name:
                return False
            case nodes.Function(name=bound, parameters=parameters) if name in (bound, *parameters.names()):
                return False
            case nodes.Lambda(parameters=parameters) if name in parameters.names():
                return False
    return bool(values) and all(holds(value, outside) for value in values)


def _bound_by(node: nodes.Node) -> frozenset[str]:
    match node:
        case nodes.Assign(targets=targets):
            return frozenset(name for target in targets for name in target_names(target))
        case nodes.AugmentedAssign(target=target) | nodes.For(target=target) | nodes.Clause(target=target):
            return frozenset(target_names(target))
        case nodes.WithItem(target=target) if target is not None:
            return frozenset(target_names(target))
    return frozenset()
