"""The public functions of a decorated definition: the user's arguments in the user's order, tangents by keyword."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

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

ADDED = ("module", "variables", "variable_tangents", "rngs", "mutable")  # what a method's function takes besides
# The keywords of `apply_jvp`: a method's own keyword of such a name goes in a mapping.
APPLY_OPTIONS = frozenset(
    {*ADDED, "primals", "tangents", "method", "update_tangents", "capture_intermediates", "only", "keywords"}
)
_NONE = nodes.Constant("None")


def functions(request: Request, unit: Unit, reach: Reach, naming: Naming, line_length: int) -> list[nodes.Function]:
    """`CNN_jvp`, `CNN_encode_jvp`, … for a class, `f_jvp` for a function."""
    if request.definition.kind == "function":
        return [_of_function(request, reach, naming, line_length)]
    if unit.facts is None:  # a class of values: its methods are asked for by what holds its objects
        return []
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
    added = _added_names(parameters, active, naming)
    passed = _Passed(parameters, active, naming, APPLY_OPTIONS)
    label = request.definition.path_in_module + ("" if name == "__call__" else f".{name}")
    moving = [item.name for item in parameters if item.name in active]
    renamed = [name for name, spelled in added.items() if name != spelled]
    documentation = docstrings.of_method(label, moving, request.options.variables, renamed, declarations, line_length)
    arguments = [
        nodes.Argument(nodes.Name(added["module"])),
        nodes.Argument(nodes.Name(added["variables"])),
        nodes.Argument(tuple_of(passed.primals)),
        nodes.Argument(tuple_of(passed.tangents)),
        nodes.Argument(nodes.Name(added["variable_tangents"])),
        nodes.Argument(nodes.Name(added["rngs"]), "rngs"),
        nodes.Argument(nodes.Name(added["mutable"]), "mutable"),
    ]
    if request.options.variables is not None:
        arguments.append(nodes.Argument(_patterns(request.options.variables), "only"))
    if name != "__call__":
        arguments.append(nodes.Argument(nodes.Constant(f'"{name}"'), "method"))
    if passed.mapping is not None:
        arguments.append(nodes.Argument(passed.mapping, "keywords"))
    applied = nodes.Call(naming.helper("apply_jvp"), (*arguments, *passed.keywords))
    signature = _signature(parameters, active, naming, [added["module"], added["variables"]], added)
    return nodes.Function(public, signature, (nodes.Return(applied),), docstring=documentation)


def _wanted(active: frozenset[str], request: Request) -> frozenset[str]:
    """The arguments that may carry a tangent, of those that `derive(arguments=…)` names."""
    arguments = request.options.arguments
    return active if arguments is None else active & frozenset(arguments)


def _added_names(parameters: nodes.Parameters, active: frozenset[str], naming: Naming) -> dict[str, str]:
    """What a generated function takes besides the user's arguments, and how it spells them: those have their names."""
    taken = {*parameters.names(), *(naming.tangent(name) for name in active)}
    return {name: name + "_" * next(n for n in range(99) if name + "_" * n not in taken) for name in ADDED}


def _signature(
    parameters: nodes.Parameters,
    active: frozenset[str],
    naming: Naming,
    first: Sequence[str] = (),
    added: Mapping[str, str] = MappingProxyType({}),
) -> nodes.Parameters:
    """What the variables come from, the user's parameters, then tangents, then what `Module.apply` takes besides."""
    own = [replace(item, annotation=None) for item in parameters]
    items = [nodes.Parameter(name) for name in first]
    items += [item for item in own if item.kind not in ("keyword-only", "double-star")]
    items += [item for item in own if item.kind == "keyword-only"]
    names = [added[name] for name in ("variable_tangents",) if name in added]
    names += [naming.tangent(item.name) for item in parameters if item.name in active]
    names += [added[name] for name in ("rngs",) if name in added]
    items += [nodes.Parameter(name, "keyword-only", None, _NONE) for name in names]
    if "mutable" in added:
        items.append(nodes.Parameter(added["mutable"], "keyword-only", None, nodes.Constant("False")))
    return nodes.Parameters((*items, *(item for item in own if item.kind == "double-star")))


class _Passed:
    """The user's arguments as `apply_jvp` takes them: positional ones in two sequences, keywords as Pairs.

    `mapping` holds the keywords whose names it cannot take as keywords, because they are in `options` or not known.
    """

    def __init__(
        self, parameters: nodes.Parameters, active: frozenset[str], naming: Naming, options: frozenset[str]
    ) -> None:
        self._active, self._naming = active, naming
        self.primals: list[nodes.Expression] = []
        self.tangents: list[nodes.Expression] = []
        self.keywords: list[nodes.Argument] = []
        in_mapping: list[nodes.Parameter] = []
        for item in parameters:
            name = nodes.Name(item.name)
            if item.kind == "double-star" or (item.kind == "keyword-only" and item.name in options):
                in_mapping.append(item)
            elif item.kind == "keyword-only":
                value = call(naming.helper("Pair"), name, self._dot(item)) if item.name in active else name
                self.keywords.append(nodes.Argument(value, item.name))
            elif item.kind == "star":
                self.primals.append(nodes.Starred(name))
                self.tangents.append(nodes.Starred(self._dots(item)))
            else:
                self.primals.append(name)
                self.tangents.append(self._dot(item))
        self.mapping = self._mapping(in_mapping) if in_mapping else None

    def _dot(self, item: nodes.Parameter) -> nodes.Expression:
        return nodes.Name(self._naming.tangent(item.name)) if item.name in self._active else _NONE

    def _dots(self, item: nodes.Parameter) -> nodes.Expression:
        """As many tangents as `*args` has values: those that are given, or no tangent for any."""
        none = nodes.Binary(nodes.TupleDisplay((_NONE,)), "*", call(nodes.Name("len"), nodes.Name(item.name)))
        return nodes.Boolean("or", (self._dot(item), none)) if item.name in self._active else none

    def _mapping(self, items: list[nodes.Parameter]) -> nodes.Expression:
        """The keywords in one mapping, with a second one of tangents if any of them may move."""
        primal = self._merged([(item, nodes.Name(item.name)) for item in items])
        moving = [(item, self._dot(item)) for item in items if item.name in self._active]
        return call(self._naming.helper("Pair"), primal, self._merged(moving)) if moving else primal

    @staticmethod
    def _merged(items: list[tuple[nodes.Parameter, nodes.Expression]]) -> nodes.Expression:
        if len(items) == 1 and items[0][0].kind == "double-star":
            return items[0][1]
        entries: list[tuple[nodes.Expression | None, nodes.Expression]] = []
        for item, value in items:
            is_rest = item.kind == "double-star"
            is_tangent = value != nodes.Name(item.name)
            given = nodes.Boolean("or", (value, nodes.DictDisplay(()))) if is_rest and is_tangent else value
            entries.append((None if is_rest else nodes.Constant(f'"{item.name}"'), given))
        return nodes.DictDisplay(tuple(entries))


# --- Functions of arrays, and of a scope ------------------------------------------------------------------------------


def _of_function(request: Request, reach: Reach, naming: Naming, line_length: int) -> nodes.Function:
    function, active = _function_of(request, reach)
    naming = replace(naming, reserved=frozenset(function.parameters.names()))
    of_scope = is_of_scope(function, file_environment(request.definition.module, reach, request.definition))
    first, own = _divided(function.parameters, of_scope)
    passed = _Passed(own, active, naming, frozenset(["only"] if of_scope else []))
    moving = [item.name for item in own if item.name in active]
    arguments = [nodes.Argument(nodes.Name(hidden_name(function, active, naming) or function.name))]
    arguments += [nodes.Argument(nodes.Name(item.name)) for item in first]
    arguments += [nodes.Argument(tuple_of(passed.primals)), nodes.Argument(tuple_of(passed.tangents))]
    if not of_scope:
        documentation = docstrings.of_function(function.name, moving, line_length)
        arguments += [nodes.Argument(passed.mapping)] if passed.mapping is not None else []
        applied = nodes.Call(naming.helper("function_jvp"), (*arguments, *passed.keywords))
        signature = _signature(own, active, naming)
        return nodes.Function(request.function_name, signature, (nodes.Return(applied),), docstring=documentation)
    only = request.options.variables
    added = {"variable_tangents": _added_names(function.parameters, active, naming)["variable_tangents"]}
    documentation = docstrings.of_scope_function(function.name, moving, only, line_length)
    arguments.append(nodes.Argument(nodes.Name(added["variable_tangents"])))
    arguments += [nodes.Argument(passed.mapping)] if passed.mapping is not None else []
    arguments += [nodes.Argument(_patterns(only), "only")] if only is not None else []
    applied = nodes.Call(naming.helper("scope_jvp"), (*arguments, *passed.keywords))
    signature = _signature(own, active, naming, [item.name for item in first], added)
    return nodes.Function(request.function_name, signature, (nodes.Return(applied),), docstring=documentation)


def _divided(parameters: nodes.Parameters, of_scope: bool) -> tuple[tuple[nodes.Parameter, ...], nodes.Parameters]:
    """The scope, where a function has one, and the other parameters."""
    count = 1 if of_scope else 0
    return parameters.items[:count], nodes.Parameters(parameters.items[count:])


def _patterns(only: Sequence[str]) -> nodes.Expression:
    return nodes.TupleDisplay(tuple(nodes.Constant(f'"{item}"') for item in only))


def hidden_names(requests: Iterable[Request], reach: Reach, naming: Naming) -> dict[str, str]:
    """Functions that a generated file imports under another name, which is the key: `def scale(x, scale)`."""
    found = {}
    for request in requests:
        if request.definition.kind == "function":
            function, active = _function_of(request, reach)
            spelled = hidden_name(function, active, replace(naming, reserved=frozenset(function.parameters.names())))
            found.update({spelled: function.name} if spelled else {})
    return found


def hidden_name(function: nodes.Function, active: frozenset[str], naming: Naming) -> str | None:
    """Another name for a function that one of its own arguments hides."""
    taken = {*function.parameters.names(), *(naming.tangent(name) for name in active)}
    if function.name not in taken:
        return None
    return next(name for n in range(1, 99) if (name := function.name + "_" * n) not in taken)


def _function_of(request: Request, reach: Reach) -> tuple[nodes.Function, frozenset[str]]:
    """A plain function, and those of its arguments that may carry a tangent."""
    definition = request.definition
    function = lower_function(definition.node, definition.module.span)  # type: ignore[arg-type]
    outer = file_environment(definition.module, reach, definition)
    return function, _wanted(derived_parameters(function, outer), request)
