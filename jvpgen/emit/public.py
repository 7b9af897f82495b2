"""The public functions of a decorated definition: the user's arguments in the user's order, tangents by keyword."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jvpgen.analysis.annotations import is_of_scope
from jvpgen.analysis.facts import file_environment, lowered, method_environment, methods_of
from jvpgen.analysis.static import given_to_fields
from jvpgen.emit import docstrings
from jvpgen.forward.functions import derived_parameters
from jvpgen.forward.naming import Naming
from jvpgen.forward.pushed import call, tuple_of
from jvpgen.forward.units import Unit
from jvpgen.ir import nodes
from jvpgen.ir.declarations import Declarations, declarations_of
from jvpgen.ir.lower import lower_function
from jvpgen.source.classes import Method
from jvpgen.source.discovery import Derived as Request
from jvpgen.source.reach import Reach

_NONE = nodes.Constant("None")


def functions(request: Request, unit: Unit, reach: Reach, naming: Naming, line_length: int) -> list[nodes.Function]:
    """`CNN_jvp`, `CNN_encode_jvp`, … for a class, `f_jvp` for a function."""
    if request.definition.kind == "function":
        return [_of_function(request, reach, naming, line_length)]
    declarations = declarations_of(request.definition, reach)
    return [
        _of_method(request, name, method, unit, reach, naming, declarations, line_length)
        for name, method in methods_of(request.definition, reach).items()
        if _is_public(name, method)
    ]


def _is_public(name: str, method: Method) -> bool:
    if name == "__call__":
        return True
    hidden = name.startswith("_") or name == "setup"
    return not (hidden or method.is_property or method.is_static or method.is_class_method)


# --- Methods of modules -----------------------------------------------------------------------------------------------


def _of_method(
    request: Request,
    name: str,
    method: Method,
    unit: Unit,
    reach: Reach,
    naming: Naming,
    declarations: Declarations,
    line_length: int,
) -> nodes.Function:
    assert unit.facts is not None
    function = lowered(method)
    outer = method_environment(method, unit.facts, reach)
    active = _wanted(derived_parameters(function, outer) | given_to_fields(function, outer), request)
    parameters = nodes.Parameters(function.parameters.items[1:])
    own_name = request.function_name
    public = own_name if name == "__call__" else f"{own_name.removesuffix('_jvp')}_{name}_jvp"
    naming = replace(naming, reserved=frozenset(parameters.names()))
    passed = _Passed(parameters, active, naming)
    label = request.definition.path_in_module + ("" if name == "__call__" else f".{name}")
    moving = [item.name for item in parameters if item.name in active]
    documentation = docstrings.of_method(label, moving, request.options.variables, declarations, line_length)
    arguments = [
        nodes.Argument(nodes.Name("module")),
        nodes.Argument(nodes.Name("variables")),
        nodes.Argument(tuple_of(passed.primals)),
        nodes.Argument(tuple_of(passed.tangents)),
        nodes.Argument(nodes.Name("variable_tangents")),
        nodes.Argument(nodes.Name("rngs"), "rngs"),
        nodes.Argument(nodes.Name("mutable"), "mutable"),
    ]
    if request.options.variables is not None:
        arguments.append(nodes.Argument(_patterns(request.options.variables), "only"))
    if name != "__call__":
        arguments.append(nodes.Argument(nodes.Constant(f'"{name}"'), "method"))
    applied = nodes.Call(naming.helper("apply_jvp"), (*arguments, *passed.keywords))
    signature = _signature(parameters, active, naming, ("module", "variables"), of_module=True)
    return nodes.Function(public, signature, (nodes.Return(applied),), docstring=documentation)


def _wanted(active: frozenset[str], request: Request) -> frozenset[str]:
    """The arguments that may carry a tangent, of those that `derive(arguments=…)` names."""
    arguments = request.options.arguments
    return active if arguments is None else active & frozenset(arguments)


def _signature(
    parameters: nodes.Parameters,
    active: frozenset[str],
    naming: Naming,
    first: Sequence[str] = (),
    *,
    of_module: bool = False,
) -> nodes.Parameters:
    """What the variables come from, the user's parameters, then tangents, then what `Module.apply` takes besides."""
    items = [nodes.Parameter(name) for name in first]
    items += [replace(item, annotation=None) for item in parameters if item.kind not in ("keyword-only", "double-star")]
    keyword_only = [replace(item, annotation=None) for item in parameters if item.kind == "keyword-only"]
    if first:
        keyword_only.append(nodes.Parameter("variable_tangents", "keyword-only", None, _NONE))
    keyword_only += [
        nodes.Parameter(naming.tangent(item.name), "keyword-only", None, _no_tangent(item))
        for item in parameters
        if item.name in active and item.kind != "double-star"
    ]
    if of_module:
        keyword_only.append(nodes.Parameter("rngs", "keyword-only", None, _NONE))
        keyword_only.append(nodes.Parameter("mutable", "keyword-only", None, nodes.Constant("False")))
    rest = [replace(item, annotation=None) for item in parameters if item.kind == "double-star"]
    return nodes.Parameters((*items, *keyword_only, *rest))


def _no_tangent(item: nodes.Parameter) -> nodes.Expression:
    return nodes.TupleDisplay(()) if item.kind == "star" else _NONE


class _Passed:
    """The user's arguments as `apply_jvp` takes them: positional ones in two sequences, keywords as Pairs."""

    def __init__(self, parameters: nodes.Parameters, active: frozenset[str], naming: Naming):
        self.primals: list[nodes.Expression] = []
        self.tangents: list[nodes.Expression] = []
        self.keywords: list[nodes.Argument] = []
        for item in parameters:
            name, dot = nodes.Name(item.name), nodes.Name(naming.tangent(item.name))
            if item.kind == "keyword-only":
                value = call(naming.helper("Pair"), name, dot) if item.name in active else name
                self.keywords.append(nodes.Argument(value, item.name))
            elif item.kind == "double-star":
                self.keywords.append(nodes.Argument(name, None, "**"))
            elif item.kind == "star":
                self.primals.append(nodes.Starred(name))
                if item.name in active:
                    self.tangents.append(nodes.Starred(dot))
            else:
                self.primals.append(name)
                self.tangents.append(dot if item.name in active else _NONE)


# --- Functions of arrays, and of a scope ------------------------------------------------------------------------------


def _of_function(request: Request, reach: Reach, naming: Naming, line_length: int) -> nodes.Function:
    definition = request.definition
    function = lower_function(definition.node, definition.module.span)  # type: ignore[arg-type]
    outer = file_environment(definition.module, reach, definition)
    active = _wanted(derived_parameters(function, outer), request)
    naming = replace(naming, reserved=frozenset(function.parameters.names()))
    of_scope = is_of_scope(function, outer)
    first, own = _divided(function.parameters, of_scope)
    passed = _Passed(own, active, naming)
    moving = [item.name for item in own if item.name in active]
    arguments = [nodes.Argument(nodes.Name(function.name))]
    arguments += [nodes.Argument(nodes.Name(item.name)) for item in first]
    arguments += [nodes.Argument(tuple_of(passed.primals)), nodes.Argument(tuple_of(passed.tangents))]
    if not of_scope:
        documentation = docstrings.of_function(function.name, moving, line_length)
        signature = _signature(own, active, naming)
        applied = nodes.Call(naming.helper("function_jvp"), (*arguments, *passed.keywords))
        return nodes.Function(request.function_name, signature, (nodes.Return(applied),), docstring=documentation)
    only = request.options.variables
    documentation = docstrings.of_scope_function(function.name, moving, only, line_length)
    arguments.append(nodes.Argument(nodes.Name("variable_tangents")))
    if only is not None:
        arguments.append(nodes.Argument(_patterns(only), "only"))
    applied = nodes.Call(naming.helper("scope_jvp"), (*arguments, *passed.keywords))
    signature = _signature(own, active, naming, [item.name for item in first])
    return nodes.Function(request.function_name, signature, (nodes.Return(applied),), docstring=documentation)


def _divided(parameters: nodes.Parameters, of_scope: bool) -> tuple[tuple[nodes.Parameter, ...], nodes.Parameters]:
    """The scope, where a function has one, and the other parameters."""
    count = 1 if of_scope else 0
    return parameters.items[:count], nodes.Parameters(parameters.items[count:])


def _patterns(only: Sequence[str]) -> nodes.Expression:
    return nodes.TupleDisplay(tuple(nodes.Constant(f'"{item}"') for item in only))
