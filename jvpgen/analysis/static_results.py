"""Whether a function computes nothing that has a tangent: neither what it returns nor what it stores for others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jvpgen.analysis import filling
from jvpgen.analysis.activity import function_environment, is_active, returns_active
from jvpgen.analysis.decorators import keeps_results
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import acts_on_tangents
from jvpgen.ir import nodes
from jvpgen.ir.scoping import bound_names, target_names


def only_computes_static(
    function: nodes.Function, outer: Environment, active_parameters: Iterable[str] | None = None
) -> bool:
    """Whether a function returns nothing active and acts on nothing that is, given which arguments may be active."""
    if not all(keeps_results(decorator, outer) for decorator in function.decorators):
        return False
    inside = function_environment(function, outer, active_parameters)
    for statement in function.body:
        for node in nodes.walk(statement):
            if isinstance(node, nodes.Call) and acts_on_tangents(node, inside):
                return False
    return not _fills_what_others_hold(function, inside) and not returns_active(function, inside)


def _fills_what_others_hold(function: nodes.Function, inside: Environment) -> bool:
    """Whether the function stores in an object that it did not make itself: one of the caller's, or of the file."""
    walked = [node for statement in function.body for node in nodes.walk(statement)]
    filled = filling.with_aliases(
        (name for node in walked for name in _filled(node, inside)), function.body, inside.local
    )
    own = bound_names(function.body) - frozenset(function.parameters.names())
    return bool(filled - own)


def _filled(node: nodes.Node, inside: Environment) -> Iterator[str]:
    """Names in whose objects a statement stores; adding something inactive to a name only makes a number or a list."""
    match node:
        case nodes.Assign(targets=targets):
            for target in targets:
                yield from filling.stored_names(target)
        case nodes.AugmentedAssign(target=target, value=value):
            yield from filling.stored_names(target)
            yield from target_names(target) if is_active(value, inside) else ()
