"""How a function uses a function that is nested in it, and so what of it the generated code needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from jvpgen.analysis import callees, control
from jvpgen.analysis.activity import (
    arguments_are_active,
    captures,
    function_environment,
    inside_comprehension,
    is_active,
    passes_a_module,
)
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import as_function, has_derivative
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
        function = environment.functions.get(name)
        for node, is_initializer, inside in _references(environment.around, name, environment):
            if is_initializer:
                self.has_plain = True
                self.has_active = self.has_active or (function is not None and captures_active(function, environment))
            elif isinstance(node, nodes.Call) and node.function != nodes.Name(name):  # control flow
                self.has_active = True
                self.has_plain = self.has_plain or control.calls_plainly_too(node, inside)
            elif isinstance(node, nodes.Call):
                given = arguments_are_active(node, inside) or passes_a_module(node, inside)
                active = given or (function is not None and captures(function, environment))
                self.has_active = self.has_active or active
                self.has_plain = self.has_plain or not active
            else:
                self.has_active = self.has_plain = True


_Reference = tuple[nodes.Node, bool, Environment]


def _references(body: Iterable[nodes.Statement], name: str, environment: Environment) -> Iterator[_Reference]:
    """Calls of `name`, by itself or by control flow that it is given to, and other reads of it, each with whether it is
    an initializer of `param` or `variable`, and with the environment around it."""
    for statement in body:
        yield from _references_in(statement, name, environment)


def _references_in(node: nodes.Node, name: str, environment: Environment) -> Iterator[_Reference]:
    match node:
        case nodes.Call(function=nodes.Name(id=called), arguments=arguments) if called == name:
            yield node, False, environment
            for argument in arguments:
                yield from _references_in(argument.value, name, environment)
        case nodes.Call(arguments=arguments) if nodes.Name(name) in (
            given := list(control.called_functions(node, environment))
        ):
            yield node, False, environment
            for argument in arguments:
                if argument.value not in given:
                    yield from _references_in(argument.value, name, environment)
        case nodes.Call(function=nodes.Attribute(attribute="param" | "variable") as function, arguments=arguments):
            yield from _references_in(function, name, environment)
            for argument in arguments:
                if argument.value == nodes.Name(name):
                    yield argument.value, True, environment
                else:
                    yield from _references_in(argument.value, name, environment)
        case nodes.Name(id=read) if read == name:
            yield node, False, environment
        case _:
            has_own = isinstance(node, nodes.Comprehension | nodes.Lambda | nodes.Function) and _reads(node, name)
            inside = _inside(node, environment) if has_own else environment
            for child in nodes.children(node):
                yield from _references_in(child, name, inside)


def _reads(node: nodes.Node, name: str) -> bool:
    return any(inner == nodes.Name(name) for inner in nodes.walk(node))


def _inside(node: nodes.Node, environment: Environment) -> Environment:
    """The environment in which the parts of a node are evaluated: of a function and a comprehension, their own."""
    match node:
        case nodes.Comprehension():
            return inside_comprehension(node, environment)
        case nodes.Lambda():
            return function_environment(as_function(node), environment)
        case nodes.Function():
            others = {name: other for name, other in environment.functions.items() if name != node.name}
            return function_environment(node, replace(environment, functions=others))
    return environment
