"""What nothing reads is dropped: tangents that end in a name, and the halves of pairs that are not used."""

from __future__ import annotations

from dataclasses import replace

from jvpgen.analysis.filling import bindings, holders
from jvpgen.forward.naming import Naming
from jvpgen.ir import nodes
from jvpgen.ir.scoping import all_names, bound_names, target_names


def tidied(function: nodes.Function, naming: Naming) -> nodes.Function:
    """The function without dead tangents; what is dropped may leave more to drop."""
    while True:
        live = _read_names(function)
        dead = {name for name in _tangent_names(function, naming) if name not in live}
        if not dead:
            return function
        body = _without(function.body, frozenset(dead))
        if body == function.body:
            return function
        function = replace(function, body=body)


def _tangent_names(function: nodes.Function, naming: Naming) -> frozenset[str]:
    """Names of tangents that the function or one nested in it binds by assignment."""
    bound = set(bound_names(function.body))
    for node in nodes.walk(function):
        if isinstance(node, nodes.Function) and node is not function:
            bound |= bound_names(node.body)
    return frozenset(
        name for name in bound if name.endswith(("_dot", "_tangent", "_tangent_")) and name not in naming.reserved
    )


def _read_names(node: nodes.Function) -> frozenset[str]:
    """Names that are read anywhere; adding to a tangent in place is no reading, if nobody else can hold its object."""
    found: set[str] = set()
    shared = _shared_names(node)

    def visit(part: nodes.Node) -> None:
        match part:
            case nodes.Name(id=name):
                found.add(name)
            case nodes.Assign(targets=targets, value=value):
                for target in targets:
                    visit_target(target)
                if value is not None:
                    visit(value)
            case nodes.AugmentedAssign(target=target, value=value):
                visit_target(target)
                visit(value)
                found.update(shared.intersection(target_names(target)))
            case nodes.For(target=target):
                visit_target(target)
                for child in nodes.children(part):
                    if child is not target:
                        visit(child)
            case nodes.Clause(target=target):
                visit_target(target)
                for child in nodes.children(part):
                    if child is not target:
                        visit(child)
            case nodes.Delete():
                return
            case _:
                for child in nodes.children(part):
                    visit(child)

    def visit_target(target: nodes.Expression) -> None:
        match target:
            case nodes.Name():
                return
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                for element in elements:
                    visit_target(element)
            case nodes.Starred(value=value):
                visit_target(value)
            case _:
                visit(target)

    visit(node)
    return frozenset(found)


def _shared_names(function: nodes.Function) -> frozenset[str]:
    """Parameters, and names of what may be a part of something else: a list that is added to in place, say."""
    names: set[str] = set()
    everything = all_names(function)
    for node in nodes.walk(function):
        if isinstance(node, nodes.Function):
            names.update(node.parameters.names())
        for target, value in bindings(node):
            is_fresh = isinstance(value, nodes.Call) and value.function == nodes.Name("zero")
            if not is_fresh and holders(value, everything):
                names.update(target_names(target))
    return frozenset(names)


def _without(body: tuple[nodes.Statement, ...], dead: frozenset[str]) -> tuple[nodes.Statement, ...]:
    kept: list[nodes.Statement] = []
    for statement in body:
        made = _statement_without(statement, dead)
        if made is not None:
            kept.append(made)
        elif statement.comments:
            kept += [nodes.Verbatim(comment) for comment in statement.comments]
    return tuple(kept)


def _statement_without(node: nodes.Statement, dead: frozenset[str]) -> nodes.Statement | None:
    match node:
        case nodes.Assign(targets=(target,), value=value) if value is not None:
            return _assignment_without(node, target, value, dead)
        case nodes.AugmentedAssign(target=nodes.Name(id=name)) if name in dead:
            return None
        case nodes.Nonlocal(names=names):
            return replace(node, names=tuple(name for name in names if name not in dead))
        case nodes.Delete(targets=targets):
            kept = tuple(target for target in targets if not _is_dead(target, dead))
            return replace(node, targets=kept) if kept else None
        case nodes.For(target=target, iterable=iterable):
            return _loop_without(node, target, iterable, dead)
    return _mapped(node, dead)


def _mapped(node: nodes.Statement, dead: frozenset[str]) -> nodes.Statement:
    """The statement with the blocks inside it tidied."""
    match node:
        case nodes.If(body=body, orelse=orelse) | nodes.While(body=body, orelse=orelse):
            return replace(node, body=_without(body, dead), orelse=_without(orelse, dead))
        case nodes.With(body=body) | nodes.Function(body=body):
            return replace(node, body=_without(body, dead))
        case nodes.Match(cases=cases):
            return replace(node, cases=tuple(replace(case, body=_without(case.body, dead)) for case in cases))
        case nodes.Try():
            handlers = tuple(replace(handler, body=_without(handler.body, dead)) for handler in node.handlers)
            body, orelse, final = (_without(part, dead) for part in (node.body, node.orelse, node.finalbody))
            return replace(node, body=body, handlers=handlers, orelse=orelse, finalbody=final)
    return node


def _assignment_without(
    node: nodes.Assign, target: nodes.Expression, value: nodes.Expression, dead: frozenset[str]
) -> nodes.Statement | None:
    if _is_dead(target, dead):
        return None if not _has_effect(value) else nodes.ExpressionStatement(value, comments=node.comments)
    if not isinstance(target, nodes.TupleDisplay):
        return node
    if isinstance(value, nodes.TupleDisplay) and len(value.elements) == len(target.elements):
        pairs = [
            (part, part_value)
            for part, part_value in zip(target.elements, value.elements, strict=True)
            if not (_is_dead(part, dead) and not _has_effect(part_value))
        ]
        if len(pairs) == len(target.elements):
            return node
        if len(pairs) == 1:
            return replace(node, targets=(pairs[0][0],), value=pairs[0][1])
        targets, values = (nodes.TupleDisplay(tuple(part[index] for part in pairs)) for index in (0, 1))
        return replace(node, targets=(targets,), value=values)
    return replace(node, targets=(_blanked(target, dead),))


def _blanked(target: nodes.Expression, dead: frozenset[str]) -> nodes.Expression:
    """The target with `_` for dead names; a tuple of nothing else is one `_`."""
    if not isinstance(target, nodes.TupleDisplay):
        return nodes.Name("_") if _is_dead(target, dead) else target
    elements = tuple(_blanked(element, dead) for element in target.elements)
    if elements and all(element == nodes.Name("_") for element in elements):
        return nodes.Name("_")
    return nodes.TupleDisplay(elements)


def _is_dead(target: nodes.Expression, dead: frozenset[str]) -> bool:
    return isinstance(target, nodes.Name) and target.id in dead


def _has_effect(value: nodes.Expression) -> bool:
    """Whether evaluating the value may do more than compute a tangent."""
    return any(
        isinstance(part, nodes.Call)
        and isinstance(part.function, nodes.Attribute)
        and part.function.attribute in ("pop", "popitem", "append", "extend")
        for part in nodes.walk(value)
    )


def _loop_without(
    node: nodes.For, target: nodes.Expression, iterable: nodes.Expression, dead: frozenset[str]
) -> nodes.Statement:
    """A loop whose tangents nothing reads runs over the values alone."""
    mapped = replace(node, body=_without(node.body, dead), orelse=_without(node.orelse, dead))
    match target, iterable:
        case (
            nodes.TupleDisplay(elements=(item, dot)),
            nodes.Call(function=nodes.Name(id="zip"), arguments=(first, _)),
        ) if _blanked(dot, dead) == nodes.Name("_"):
            return replace(mapped, target=item, iterable=first.value)
    return mapped
