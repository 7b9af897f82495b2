"""Small rewrites that make a filled-in shape readable: `(*as_tuple(3), c // 1, n)` becomes `(3, c, n)`."""

from __future__ import annotations

from collections.abc import Iterable

from jvpgen.ir import nodes
from jvpgen.ir.declarations.resolution import truth
from jvpgen.ir.declarations.text import constant, substituted


def simplified(node: nodes.Expression) -> nodes.Expression:
    """The same value in plainer words."""
    result: nodes.Expression = nodes.map_children(node, simplified)
    match result:
        case nodes.Call(function=nodes.Name(id="as_tuple" | "sizes" as word), arguments=(nodes.Argument(value=value),)):
            return _as_tuple(value) or (value if word == "sizes" else result)
        case nodes.Binary(left=left, operator="//" | "*", right=nodes.Constant(text="1")):
            return left
        case nodes.Binary(left=left, operator="//" | "*" | "+" | "-" as operator, right=right):
            return _computed(left, operator, right) or result
        case nodes.Boolean(operator="or", values=(first, second)):
            known, holds = truth(first)
            return (first if holds else second) if known else result
        case nodes.Conditional(test=test, body=body, orelse=orelse):
            known, holds = truth(test)
            return (body if holds else orelse) if known else result
        case nodes.Comprehension(kind="list", element=element, clauses=(nodes.Clause() as clause,)):
            return _unrolled(element, clause) or result
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            spliced = tuple(_spliced(elements))
            if len(spliced) == 1 and isinstance(spliced[0], nodes.Starred):
                inner = spliced[0].value
                if isinstance(inner, nodes.Call) and inner.function == nodes.Name("tuple"):
                    return inner
            return type(result)(spliced)
    return result


def _as_tuple(value: nodes.Expression) -> nodes.Expression | None:
    """`value` as the tuple that it is known to be or to make."""
    known, content = constant(value)
    if isinstance(value, nodes.TupleDisplay):
        return value
    if isinstance(value, nodes.ListDisplay):
        return nodes.TupleDisplay(value.elements)
    if (known and isinstance(content, int)) or isinstance(value, nodes.Binary):
        return nodes.TupleDisplay((value,))
    return None


def _computed(left: nodes.Expression, operator: str, right: nodes.Expression) -> nodes.Expression | None:
    (one_known, one), (other_known, other) = constant(left), constant(right)
    if not (one_known and other_known and isinstance(one, int) and isinstance(other, int)):
        return None
    if operator == "//":
        return nodes.Constant(str(one // other)) if other else None
    return nodes.Constant(str({"*": one * other, "+": one + other, "-": one - other}[operator]))


def _unrolled(element: nodes.Expression, clause: nodes.Clause) -> nodes.Expression | None:
    """`[f(i) for i in (a, b)]` as `(f(a), f(b))`."""
    target, items = clause.target, clause.iterable
    if not isinstance(target, nodes.Name) or not isinstance(items, nodes.TupleDisplay) or clause.conditions:
        return None
    rounds = []
    for item in items.elements:
        rounds.append(substituted(element, lambda node, item=item: item if node == target else None))  # type: ignore[misc]
    return nodes.TupleDisplay(tuple(rounds))


def _spliced(elements: Iterable[nodes.Expression]) -> Iterable[nodes.Expression]:
    for element in elements:
        if isinstance(element, nodes.Starred) and isinstance(element.value, nodes.TupleDisplay | nodes.ListDisplay):
            yield from element.value.elements
        else:
            yield element
