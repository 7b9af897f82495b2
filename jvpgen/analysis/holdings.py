"""What the locals of a function hold, whatever moves: functions, classes, modules, lists and dicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jvpgen.analysis import filling, instances
from jvpgen.analysis.annotations import annotated_class
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.instances import is_constructor
from jvpgen.ir import nodes
from jvpgen.ir.scoping import bound_names, nonlocal_names, root_name, target_names


def with_holdings(environment: Environment, function: nodes.Function) -> Environment:
    """The environment of a function's body, knowing what its locals hold."""
    inside = replace(
        environment,
        functions=dict(environment.functions) | nested(function),
        callables=environment.callables | called_names(function),
        containers=environment.containers | frozenset(_containers(function)),
    )
    rebound = frozenset(name for node in nested(function).values() for name in nonlocal_names(node))
    constructors = frozenset(_constructors(function, inside)) - rebound
    inside = replace(inside, constructors=inside.constructors | constructors)
    inside = replace(inside, collections=inside.collections | (_collections(function, inside) - rebound))
    known = {**inside.instances, **_annotated(function, environment)}
    found = {**known, **_instances(function, replace(inside, instances=known))}
    return replace(inside, instances={name: kind for name, kind in found.items() if name not in rebound})


def _annotated(function: nodes.Function, environment: Environment) -> dict[str, str | None]:
    """The parameters that are modules by their types, with their classes, unless they become something else."""
    types = {item.name: annotated_class(item.annotation, environment) for item in function.parameters}
    rebound = bound_names(function.body)
    return {name: kind for name, kind in types.items() if kind is not None and name not in rebound}


def own_nodes(node: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes of a function body, those of functions nested in it left out."""
    yield node
    if not isinstance(node, nodes.Function | nodes.Lambda):
        for child in nodes.children(node):
            yield from own_nodes(child)


def nested(function: nodes.Function) -> dict[str, nodes.Function]:
    """The functions that are defined in a function, by name."""
    found = (node for statement in function.body for node in own_nodes(statement))
    return {node.name: node for node in found if isinstance(node, nodes.Function)}


def _constructors(function: nodes.Function, environment: Environment) -> Iterator[str]:
    """Locals that every assignment binds to a class or to a partial of one."""
    values: dict[str, list[nodes.Expression]] = {}
    for statement in function.body:
        for node in own_nodes(statement):
            if isinstance(node, nodes.Assign) and node.value is not None:
                for target in node.targets:
                    for name in target_names(target):
                        values.setdefault(name, []).append(node.value)
    for name, bound in values.items():
        if name not in function.parameters.names() and all(is_constructor(value, environment) for value in bound):
            yield name


def _containers(function: nodes.Function) -> Iterator[str]:
    """Locals that are bound to a list or dict made here, with places that others may fill."""
    for statement in function.body:
        for node in own_nodes(statement):
            match node:
                case nodes.Assign(targets=targets, value=value) if filling.makes_container(value):
                    for target in targets:
                        yield from target_names(target)


def _collections(function: nodes.Function, environment: Environment) -> frozenset[str]:
    """Locals that are always bound to a list, tuple or dict made here; found by a fixed point."""
    values: dict[str, list[nodes.Expression]] = {}
    for statement in function.body:
        for node in own_nodes(statement):
            for target, value in filling.bindings(node):
                is_one = isinstance(target, nodes.Name) and not isinstance(node, nodes.For | nodes.Clause)
                for name in target_names(target):
                    values.setdefault(name, []).append(value if is_one else nodes.Constant("..."))
    found: frozenset[str] = frozenset()
    while True:
        inside = replace(environment, collections=environment.collections | found)
        again = frozenset(
            name for name, bound in values.items() if all(instances.is_collection(value, inside) for value in bound)
        ) - frozenset(function.parameters.names())
        if again == found:
            return found
        found = again


def _instances(function: nodes.Function, environment: Environment) -> dict[str, str | None]:
    """Locals that hold a module, with its class where every assignment agrees on one; found by a fixed point."""
    found: dict[str, str | None] = {}
    while True:
        kinds: dict[str, set[str]] = {}
        inside = replace(environment, instances={**environment.instances, **found})
        for statement in function.body:
            for node in own_nodes(statement):
                for name, kind in _held(node, inside).items():
                    kinds.setdefault(name, set()).add(kind or instances.UNKNOWN_CLASS)
        again = {name: known.pop() if len(known) == 1 else instances.UNKNOWN_CLASS for name, known in kinds.items()}
        if again == found:
            return found
        found = dict(again)


def _held(node: nodes.Node, environment: Environment) -> dict[str, str | None]:
    """The names that one statement binds to modules."""
    match node:
        case nodes.Assign(targets=targets, value=value) if value is not None:
            return {name: kind for target in targets for name, kind in _held_by(target, value, environment).items()}
        case nodes.For(target=target, iterable=iterable):
            return instances.bound_instances(target, iterable, environment)
        case nodes.AugmentedAssign(target=nodes.Name() as target, value=value):
            return _held_by(target, value, environment)
        case nodes.NamedExpression(target=target, value=value):
            return _held_by(target, value, environment)
        case nodes.Call(function=nodes.Attribute(value=container, attribute=method)) if method in filling.MUTATORS:
            name = root_name(container)
            given = [instances.instance_class(argument.value, environment) for argument in node.arguments]
            kind = instances.common_class(given)
            return {name: kind} if name in environment.containers and name is not None and kind is not None else {}
    return {}


def _held_by(target: nodes.Expression, value: nodes.Expression, environment: Environment) -> dict[str, str | None]:
    match target, value:
        case nodes.TupleDisplay(elements=names), nodes.TupleDisplay(elements=values) if len(names) == len(values):
            parts = [_held_by(name, part, environment) for name, part in zip(names, values, strict=True)]
            return {name: kind for part in parts for name, kind in part.items()}
    kind = instances.instance_class(value, environment)
    held = (*target_names(target), *(filling.stored_names(target) if isinstance(target, nodes.Subscript) else ()))
    return {} if kind is None else dict.fromkeys(held, kind)


def called_names(function: nodes.Function) -> frozenset[str]:
    """Locals that the function calls: functions, modules or classes held in a variable."""
    return frozenset(
        node.function.id
        for statement in function.body
        for node in nodes.walk(statement)
        if isinstance(node, nodes.Call) and isinstance(node.function, nodes.Name)
    )


def returned_instance(function: nodes.Function, outer: Environment) -> str | None:
    """The class of the modules that a function returns: one, or a list or dict of them; None for all else."""
    names = frozenset(function.parameters.names()) | bound_names(function.body)
    inside = with_holdings(outer.with_local(names), function)
    returned = (node for statement in function.body for node in own_nodes(statement) if isinstance(node, nodes.Return))
    return instances.common_class([instances.instance_class(node.value, inside) for node in returned if node.value])


def returns_functions(function: nodes.Function) -> bool:
    """Whether all that a function returns are lambdas and functions nested in it."""
    returned = [node for statement in function.body for node in own_nodes(statement) if isinstance(node, nodes.Return)]
    names = {nodes.Name(name) for name in nested(function)}
    return bool(returned) and all(isinstance(node.value, nodes.Lambda) or node.value in names for node in returned)
