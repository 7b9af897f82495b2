"""`match` statements as conditions: which case is taken is known where a literal is compared with what is known."""

from __future__ import annotations

from jvpgen.ir import nodes
from jvpgen.ir.lower_match import is_irrefutable

_UNKNOWN = nodes.Name("$unknown")


def as_conditions(node: nodes.Match) -> tuple[nodes.Statement, ...]:
    """The same as a chain of `if`."""
    assert isinstance(node.subject, nodes.NamedExpression)
    orelse: tuple[nodes.Statement, ...] = ()
    for case in reversed(node.cases):
        body = (*case.captures, *case.body)
        orelse = body if is_irrefutable(case) else (nodes.If(_test(case, node.subject.target), body, orelse),)
    return (nodes.ExpressionStatement(node.subject), *orelse)


def _test(case: nodes.Case, subject: nodes.Name) -> nodes.Expression:
    literals = [piece for piece in case.pieces if isinstance(piece, nodes.Constant)]
    separators = {piece for piece in case.pieces if isinstance(piece, str)}
    if case.guard is not None or not case.is_literal or not separators <= {" | "}:
        return _UNKNOWN
    tests = [nodes.Comparison(subject, ("==",), (literal,)) for literal in literals]
    return tests[0] if len(tests) == 1 else nodes.Boolean("or", tuple(tests))
