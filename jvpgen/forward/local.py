"""A function that is found only at run time, a lambda or a `def` inside another, pushed forward where it stands.

Its text is a function around the derivative: the imports that the derivative needs besides the user's globals, and for
parameters the names that the user's function finds in the functions around it. Those are constants here, as for
`jax.jvp`; whoever runs the text gives it the user's own cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import libcst as cst

from jvpgen.analysis.activity import function_environment
from jvpgen.analysis.coverage import Remaining, remaining_calls
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.facts import file_environment
from jvpgen.analysis.inertness import as_function
from jvpgen.forward.functions import push_function
from jvpgen.forward.naming import MODULE_OF, Naming, module_aliases
from jvpgen.forward.pushed import Frame, NotExpressible
from jvpgen.forward.tidy import tidied
from jvpgen.forward.units import Spelling, renamed_tangents
from jvpgen.ir import nodes
from jvpgen.ir.explicit import outside_class
from jvpgen.ir.lower import lower_expression, lower_function
from jvpgen.ir.scoping import all_names, reads
from jvpgen.source.bindings import bindings_of
from jvpgen.source.locating import Located, Place, functions_around
from jvpgen.source.module import SourceModule
from jvpgen.source.names import Names
from jvpgen.source.reach import Reach

OUTER = "_closure"


@dataclass(frozen=True)
class LocalUnit:
    """A derivative, the names that it finds around it, the tangents that are not called `<parameter>_dot`."""

    body: nodes.Function
    free: tuple[str, ...]
    renamed: dict[str, str]
    own_names: frozenset[str]
    modules: dict[str, str]
    remaining: tuple[Remaining, ...]


def derive_local(
    located: Located, place: Place, receiver: str, source: SourceModule, reach: Reach, spelling: Spelling
) -> LocalUnit:
    """The derivative of a function; `receiver` is the type of its first argument, "" if unknown.

    Raises:
      NotExpressible: with the reason.
    """
    if "__class__" in place.free:
        raise NotExpressible("it calls `super()` or reads `__class__`", None)
    function = _typed(_lowered(located, source), receiver)
    names = _names_around(located, place, reach.names(source))
    outer = file_environment(source, reach, names=names).with_local(_variables(place, names, reach.names(source)))
    modules = {**module_aliases(names), **_hidden_modules(function, outer)}
    naming = Naming(all_names(function) | reads(function) | place.free, modules, spelling.runtime)
    frame = Frame(outer, naming)
    name = "_function"
    while name in naming.reserved:
        name += "_"
    pushed = tidied(push_function(function, frame, name, nodes.Constant("None")), naming)
    filled = sorted(name for name in place.free if naming.tangent(name) in reads(pushed))
    if filled:
        raise NotExpressible(f"an active value is stored in `{filled[0]}`, which stands outside of it", function)
    body = replace(pushed, decorators=(), parameters=_with_plain_defaults(pushed.parameters))
    remaining = tuple(remaining_calls(function, function_environment(function, outer)))
    renamed = renamed_tangents(function, outer, frame)
    return LocalUnit(body, tuple(sorted(place.free)), renamed, reads(function), modules, remaining)


def _lowered(located: Located, source: SourceModule) -> nodes.Function:
    node = located.node
    if isinstance(node, cst.Lambda):
        lowered = lower_expression(node, source.span)
        assert isinstance(lowered, nodes.Lambda)
        function = as_function(lowered)
    else:
        function = replace(lower_function(node, source.span), decorators=())  # they are made of the function, not it
    around = next((outer for outer in reversed(located.around) if isinstance(outer, cst.ClassDef)), None)
    return function if around is None else outside_class(function, around.name.value)


def _typed(function: nodes.Function, receiver: str) -> nodes.Function:
    """The function with the type that its first argument will have written down."""
    items = function.parameters.items
    if not receiver or not items or items[0].kind not in _POSITIONAL:
        return function
    first = replace(items[0], annotation=nodes.Constant(f'"{receiver}"'))
    return replace(function, parameters=nodes.Parameters((first, *items[1:])))


_POSITIONAL = ("positional", "positional-only")


def _names_around(located: Located, place: Place, names: Names) -> Names:
    """The names in sight, imports in the functions around it included."""
    for node in reversed(list(functions_around(located))):
        if isinstance(node, cst.FunctionDef):
            names = names.with_imports(node).without(place.free & _bound_otherwise(node, names.package))
        else:
            names = names.without(_parameters(node))
    return names


def _bound_otherwise(node: cst.FunctionDef, package: str) -> set[str]:
    """The names that a function binds other than by an import."""
    assigned = {item.name for item in bindings_of(node.body.body, package) if item.kind != "import"}
    return assigned | set(_parameters(node))


def _parameters(node: cst.FunctionDef | cst.Lambda) -> Iterator[str]:
    parameters = node.params
    every = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
    stars = (item for item in (parameters.star_arg, parameters.star_kwarg) if isinstance(item, cst.Param))
    yield from (item.name.value for item in (*every, *stars))


def _variables(place: Place, names: Names, of_file: Names) -> frozenset[str]:
    """The free names that are variables of the functions around it, and not imports there."""
    return frozenset(
        name for name in place.free if names.bindings.get(name) == of_file.bindings.get(name) or name in names.hidden
    )


def _hidden_modules(function: nodes.Function, outer: Environment) -> dict[str, str]:
    """Other spellings for JAX's modules whose usual names mean something else to the function, or nobody knows what."""
    read = reads(function)
    return {
        usual: module.replace(".", "_") if module != usual else f"{usual}_"
        for usual, module in MODULE_OF.items()
        if usual in read and outer.global_name(usual) != module
    }


def _with_plain_defaults(parameters: nodes.Parameters) -> nodes.Parameters:
    """The user's function has its defaults evaluated already; here they only say that there are some."""
    none = nodes.Constant("None")
    return nodes.Parameters(tuple(item if item.default is None else replace(item, default=none) for item in parameters))


def closure(unit: LocalUnit, imports: list[str]) -> nodes.Function:
    """The function around the derivative, which returns it, and how its tangents are called."""
    items = ((nodes.Constant(f'"{name}"'), nodes.Constant(f'"{dot}"')) for name, dot in unit.renamed.items())
    returned = nodes.TupleDisplay((nodes.Name(unit.body.name), nodes.DictDisplay(tuple(items))))
    lines = tuple(nodes.Verbatim(line) for line in imports if line)
    parameters = nodes.Parameters(tuple(nodes.Parameter(name) for name in unit.free))
    return nodes.Function(OUTER, parameters, (*lines, unit.body, nodes.Return(returned)))
