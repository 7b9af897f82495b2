"""How a function uses a function that is nested in it, and so what of it the generated code needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jvpgen.analysis import callees, control
from jvpgen.analysis.activity import arguments_are_active, captures, is_active, passes_a_module
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import has_derivative
from jvpgen.ir import nodes


def is_derived_inside(name: str, environment: Environment) -> bool:
    """Whether a nested function gets a derivative: it may return a tangent, and something may ask for one."""
    function = environment.functions.get(name)
    return function is not None and has_derivative(function, environment) and Uses(name, environment).has_active


def captures_active(function: nodes.Function | nodes.Lambda, environment: Environment) -> bool:
    """Whether a function value computes with active values around it, more than with their shapes and dtypes."""
    return any(_reads_active(child, environment) for child in nodes.children(function))


def _reads_active(node: nodes.Node, environment: Environment) -> bool:
    if isinstance(node, nodes.Attribute):
        if is_active(node, environment):
            return True
        if node.attribute in callees.STATIC_ATTRIBUTES:
            return False
    if isinstance(node, nodes.Name):
        return node.id in environment.active
    return any(_reads_active(child, environment) for child in nodes.children(node))


class Uses:
    """How the function around it uses a nested function: in calls that carry tangents, in others, as a value."""

    def __init__(self, name: str, environment: Environment):
        self.has_active = False
        self.has_plain = False
        for node, is_initializer in _references(environment.around, name, environment):
            if is_initializer:
                function = environment.functions.get(name)
                self.has_plain = True
                self.has_active = self.has_active or (function is not None and captures_active(function, environment))
            elif isinstance(node, nodes.Call) and node.function != nodes.Name(name):  # control flow
                self.has_active = True
                self.has_plain = self.has_plain or control.calls_plainly_too(node, environment)
            elif isinstance(node, nodes.Call):
                function = environment.functions.get(name)
                given = arguments_are_active(node, environment) or passes_a_module(node, environment)
                active = given or (function is not None and captures(function, environment))
                self.has_active = self.has_active or active
                self.has_plain = self.has_plain or not active
            else:
                self.has_active = self.has_plain = True


def _references(
    body: Iterable[nodes.Statement], name: str, environment: Environment
) -> Iterator[tuple[nodes.Node, bool]]:
    """Calls of `name`, by itself or by control flow that it is given to, and other reads of it, each with whether it is
    an initializer of `param` or `variable`."""
    for statement in body:
        yield from _references_in(statement, name, environment)


def _references_in(node: nodes.Node, name: str, environment: Environment) -> Iterator[tuple[nodes.Node, bool]]:
    match node:
        case nodes.Call(function=nodes.Name(id=called), arguments=arguments) if called == name:
            yield node, False
            for argument in arguments:
                yield from _references_in(argument.value, name, environment)
        case nodes.Call(arguments=arguments) if nodes.Name(name) in (
            given := list(control.called_functions(node, environment))
        ):
            yield node, False
            for argument in arguments:
                if argument.value not in given:
                    yield from _references_in(argument.value, name, environment)
        case nodes.Call(function=nodes.Attribute(attribute="param" | "variable") as function, arguments=arguments):
            yield from _references_in(function, name, environment)
            for argument in arguments:
                if argument.value == nodes.Name(name):
                    yield argument.value, True
                else:
                    yield from _references_in(argument.value, name, environment)
        case nodes.Name(id=read) if read == name:
            yield node, False
        case _:
            for child in nodes.children(node):
                yield from _references_in(child, name, environment)
