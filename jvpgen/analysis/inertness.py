"""Whether an expression can be copied as it stands: it has no tangent, and nothing inside it has one that must live on.

A comparison of a layer's output has no tangent, yet the layer must be called with its tangents: its running statistics,
say, carry them further.
"""

from __future__ import annotations

from dataclasses import replace

from jvpgen.analysis import callees
from jvpgen.analysis.activity import (
    arguments_are_active,
    call_is_active,
    callee_of,
    function_environment,
    inside_comprehension,
    is_active,
    leaves_active,
)
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes


def needs_pushing(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` has a tangent, or does something on the way that must be done to tangents too."""
    return is_active(node, environment) or acts_on_tangents(node, environment)


def acts_on_tangents(node: nodes.Expression, environment: Environment) -> bool:
    """Whether evaluating `node`, for its primal alone, must still push something: a layer's call, a walrus, a `pop`."""
    match node:
        case nodes.Call():
            if _acts(node, environment):
                return True
        case nodes.NamedExpression(target=target):
            return target.id in environment.active
        case nodes.Comprehension(element=element, clauses=clauses):
            inside = inside_comprehension(node, environment)
            parts = [element, *(part for clause in clauses for part in (clause.iterable, *clause.conditions))]
            return any(acts_on_tangents(part, inside) for part in parts)
        case nodes.Lambda():
            return has_derivative(as_function(node), environment)
        case nodes.Unsupported():
            return True
    return any(acts_on_tangents(child, environment) for child in _expressions(node))


def _acts(node: nodes.Call, environment: Environment) -> bool:
    """Whether the call itself does more than compute: rules and reads of containers only compute."""
    match callee_of(node, environment):
        case callees.RuleCall() | callees.AtUpdate() | callees.Structural():
            return False
        case callees.ContainerRead(method=method):
            return method in callees.REMOVERS
        case callees.Mutation():
            return True
        case callees.Construct():
            return arguments_are_active(node, environment)
    return call_is_active(node, environment)


def _expressions(node: nodes.Node) -> list[nodes.Expression]:
    found: list[nodes.Expression] = []
    for child in nodes.children(node):
        if isinstance(child, nodes.Argument):
            found.append(child.value)
        elif isinstance(child, nodes.Expression):
            found.append(child)
    return found


def as_function(node: nodes.Lambda, name: str = "function") -> nodes.Function:
    """A lambda as a definition."""
    return nodes.Function(name, node.parameters, (nodes.Return(node.body),), span=node.span)


def has_derivative(function: nodes.Function, environment: Environment) -> bool:
    """Whether a function value may return or store a tangent: of its arguments or of what it captures."""
    others = {name: other for name, other in environment.functions.items() if name != function.name}
    return leaves_active(function, function_environment(function, replace(environment, functions=others)))
