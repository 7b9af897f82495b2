"""Names replaced in a piece of IR, by Python's scoping rules: what a lambda or comprehension binds itself is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from jvpgen.ir import nodes
from jvpgen.ir.lower import with_names
from jvpgen.ir.nodes import map_children
from jvpgen.ir.scoping import bound_names, target_names

AnyNode = TypeVar("AnyNode", bound=nodes.Node)


def substitute(node: nodes.Expression, values: Mapping[str, nodes.Expression]) -> nodes.Expression:
    """`node` with names replaced by expressions, wherever it reads them from around it."""
    if not values:
        return node
    match node:
        case nodes.Name(id=name):
            return values.get(name, node)
        case nodes.Lambda(parameters=parameters, body=body):
            inside = _without(values, {*parameters.names(), *bound_names((nodes.ExpressionStatement(body),))})
            defaults = map_children(parameters, lambda item: map_children(item, lambda part: substitute(part, values)))
            return nodes.Lambda(defaults, substitute(body, inside), span=node.span)
        case nodes.Comprehension(clauses=(first, *others)):
            inside = _without(values, {name for clause in node.clauses for name in target_names(clause.target)})
            clauses = [_in_clause(first, substitute(first.iterable, values), inside)]
            clauses += [_in_clause(clause, substitute(clause.iterable, inside), inside) for clause in others]
            return nodes.Comprehension(node.kind, substitute(node.element, inside), tuple(clauses), span=node.span)
        case nodes.FormattedString(text=text, values=parts):
            names = {name: value.id for name, value in values.items() if isinstance(value, nodes.Name)}
            replaced = tuple(substitute(part, values) for part in parts)
            return node if replaced == parts else nodes.FormattedString(with_names(text, names), replaced)
    result: nodes.Expression = map_children(node, lambda child: substitute(child, values))
    return result


def with_globals(node: AnyNode, names: Mapping[str, str]) -> AnyNode:
    """A statement or an expression with other names for what it reads from its file; what it binds itself is left."""
    renamed: Any = _with_globals(node, {name: nodes.Name(other) for name, other in names.items()})
    return renamed  # type: ignore[no-any-return]


def _with_globals(node: nodes.Node, values: Mapping[str, nodes.Expression]) -> nodes.Node:
    match node:
        case nodes.Function(parameters=parameters, body=body, decorators=decorators):
            inside = _without(values, {*parameters.names(), *bound_names(body)})
            return replace(
                node,
                parameters=map_children(
                    parameters, lambda item: map_children(item, lambda part: substitute(part, values))
                ),
                body=tuple(_with_globals(statement, inside) for statement in body),  # type: ignore[misc]
                decorators=tuple(substitute(decorator, values) for decorator in decorators),
            )
        case nodes.Name() | nodes.Lambda() | nodes.Comprehension() | nodes.FormattedString():
            return substitute(node, values)
    mapped: nodes.Node = map_children(node, lambda child: _with_globals(child, values))
    return mapped


def _without(values: Mapping[str, nodes.Expression], names: set[str]) -> dict[str, nodes.Expression]:
    return {name: value for name, value in values.items() if name not in names}


def _in_clause(
    clause: nodes.Clause, iterable: nodes.Expression, values: Mapping[str, nodes.Expression]
) -> nodes.Clause:
    """A clause of a comprehension, of whose own names none is in `values`."""
    conditions = tuple(substitute(condition, values) for condition in clause.conditions)
    return nodes.Clause(substitute(clause.target, values), iterable, conditions)
