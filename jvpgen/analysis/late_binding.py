"""Functions that outlive the expression in which they are made, and read later what was around them then."""

from __future__ import annotations

from collections.abc import Iterator

from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted, target_names

_CALL_AT_ONCE = ("jax.", "builtins.", "functools.reduce")
_CALL_LATER = ("builtins.map", "builtins.filter", "jax.jit", "jax.vmap", "jax.grad", "jax.checkpoint")


def kept_functions(node: nodes.Expression, environment: Environment) -> Iterator[nodes.Lambda]:
    """The lambdas in `node` that may be called after `node` has been evaluated."""
    match node:
        case nodes.Lambda():
            yield node
        case nodes.Call(function=nodes.Lambda(body=body), arguments=arguments):  # called here; what it returns may stay
            parts: tuple[nodes.Expression, ...] = (body, *(argument.value for argument in arguments))
            yield from (found for part in parts for found in kept_functions(part, environment))
        case nodes.Call() if _calls_at_once(node, environment):
            return
        case _:
            for child in nodes.children(node):
                inner = child.value if isinstance(child, nodes.Argument) else child
                if isinstance(inner, nodes.Expression):
                    yield from kept_functions(inner, environment)


def _calls_at_once(node: nodes.Call, environment: Environment) -> bool:
    name = dotted(node.function)
    qualified = environment.global_name(name) if name else None
    return qualified is not None and qualified.startswith(_CALL_AT_ONCE) and not qualified.startswith(_CALL_LATER)


def is_bound_once(name: str, environment: Environment) -> bool:
    """Whether the whole function binds `name` in one place, which runs once: no loop is around it."""
    return sum(_binders(statement, name, False) for statement in environment.around) == 1


def _binders(node: nodes.Node, name: str, repeated: bool) -> int:
    """How many places in `node` bind the name; one that may run again counts twice."""
    match node:
        case nodes.For(target=target) | nodes.Clause(target=target):
            own = name in target_names(target)
        case nodes.Assign(targets=targets) | nodes.Delete(targets=targets):
            own = any(name in target_names(target) for target in targets)
        case nodes.AugmentedAssign(target=target):
            own = name in target_names(target)
        case nodes.WithItem(target=target) if target is not None:
            own = name in target_names(target)
        case nodes.NamedExpression(target=bound):
            own = name == bound.id
        case nodes.Function(name=bound_name) | nodes.Parameter(name=bound_name):
            own = name == bound_name
        case _:
            own = False
    is_loop = isinstance(node, nodes.For | nodes.While | nodes.Comprehension | nodes.Function | nodes.Lambda)
    count = (2 if repeated else 1) if own else 0
    for child in nodes.children(node):
        outside = isinstance(node, nodes.Comprehension) and child in node.clauses  # its own variables are bound here
        count += _binders(child, name, repeated or (is_loop and not outside))
    return count
