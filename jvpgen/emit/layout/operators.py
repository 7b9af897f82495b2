"""Operators: arithmetic, comparisons and `and`/`or` as one flat row that breaks at its loosest operators first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from . import expressions, literals
from .document import SOFT, Document, GroupId, IfBroken
from .place import Place, UnknownSyntax, grouped, line_or_space
from .shape import BINARY_OPERATORS, Expression, Operation, Precedence, is_parenthesized


@dataclass(frozen=True)
class Operator:
    symbol: str
    precedence: Precedence


# Operands at the even places, operators at the odd ones.
Row = Sequence[Expression | Operator]


def operation(node: Operation, at: Place) -> Document:
    row = flat_row(node)
    if not isinstance(node, cst.BooleanOperation) and any(map(_is_split_string, row)):
        return grouped(_row_around_strings(row, at), at)
    return grouped(row_document(row, at), at)


def flat_row(node: Expression, *, is_root: bool = True) -> list[Expression | Operator]:
    if is_parenthesized(node) and not is_root:
        return [node]
    match node:
        case cst.BinaryOperation() | cst.BooleanOperation():
            operands = [node.left, node.right]
            operators = [operator(node.operator)]
        case cst.Comparison():
            operands = [node.left, *(target.comparator for target in node.comparisons)]
            operators = [operator(target.operator) for target in node.comparisons]
        case _:
            return [node]
    row = flat_row(operands[0], is_root=False)
    for symbol, operand in zip(operators, operands[1:], strict=True):
        row += [symbol, *flat_row(operand, is_root=False)]
    return row


def operator(node: cst.CSTNode) -> Operator:
    if isinstance(node, cst.NotEqual):
        return Operator("!=", Precedence.COMPARE)
    if type(node) not in BINARY_OPERATORS:
        raise UnknownSyntax
    return Operator(*BINARY_OPERATORS[type(node)])


def row_document(row: Row, at: Place) -> Document:
    if len(row) == 1:
        return operand(row[0], at)
    loosest = max(part.precedence for part in row if isinstance(part, Operator))
    parts: list[Document] = []
    start = 0
    for index, part in enumerate(row):
        if not isinstance(part, Operator) or part.precedence != loosest:
            continue
        parts.append(_segment(row[start:index], at))
        hugs = part.precedence is Precedence.POWER and _is_simple(row[index - 1]) and _is_simple(row[index + 1])
        if hugs:
            parts += [_line_without_space(at), part.symbol, _space_if_broken(at)]
        else:
            parts += [line_or_space(at), part.symbol, " "]
        start = index + 1
    parts.append(_segment(row[start:], at))
    return tuple(parts)


def _segment(row: Row, at: Place) -> Document:
    return operand(row[0], at) if len(row) == 1 else grouped(row_document(row, at), at)


def operand(node: Expression | Operator, at: Place) -> Document:
    assert not isinstance(node, Operator)
    return expressions.expression(node, at)


def _line_without_space(at: Place) -> Document:
    if at.parentheses is None:
        return ""
    return IfBroken(SOFT, "", at.parentheses) if isinstance(at.parentheses, GroupId) else SOFT


def _space_if_broken(at: Place) -> Document:
    if at.parentheses is None:
        return ""
    return IfBroken(" ", "", at.parentheses if isinstance(at.parentheses, GroupId) and not at.are_kept else None)


def _is_simple(node: Expression | Operator) -> bool:
    return not isinstance(node, Operator) and not is_parenthesized(node) and _is_simple_operand(node)


def _is_simple_operand(node: Expression) -> bool:
    match node:
        case cst.Name() | cst.Integer() | cst.Float() | cst.Imaginary():
            return True
        case cst.UnaryOperation():
            return not isinstance(node.operator, cst.Not) and _is_simple_operand(node.expression)
        case cst.Attribute():
            return _is_simple_operand(node.value)
    return False


def _is_split_string(node: Expression | Operator) -> bool:
    return isinstance(node, cst.ConcatenatedString) and not is_parenthesized(node)


def _row_around_strings(row: Row, at: Place) -> Document:
    """A row with implicitly concatenated strings, whose parts break before any operator does."""
    parts: list[Document] = []
    start = 0  # where the operands begin that are not written yet
    pending: list[Document] = []  # the line break and operator in front of them
    for index, part in enumerate(row):
        if not isinstance(part, cst.ConcatenatedString) or is_parenthesized(part):
            continue
        if index > 0:
            before = row[start : index - 1] if index - 1 > start else ()
            if before:
                symbol = row[index - 1]
                assert isinstance(symbol, Operator)
                head = (*pending, row_document(before, at), line_or_space(at), symbol.symbol)
                parts += [grouped(head, at), " "]
            else:
                parts.append(grouped(tuple(pending), at))
            pending = []
        parts.append(literals.concatenated(part, at))
        if index + 1 < len(row):
            symbol = row[index + 1]
            assert isinstance(symbol, Operator)
            pending = [line_or_space(at), symbol.symbol, " "]
        start = index + 2
    if start < len(row):
        parts.append(grouped((*pending, row_document(row[start:], at)), at))
    return tuple(parts)


UNARY_OPERATORS: dict[type[cst.CSTNode], str] = {cst.Not: "not ", cst.Minus: "-", cst.Plus: "+", cst.BitInvert: "~"}


def unary(node: cst.UnaryOperation, at: Place) -> Document:
    inner = node.expression
    is_power = isinstance(inner, cst.BinaryOperation) and isinstance(inner.operator, cst.Power)
    value = expressions.parenthesized(inner, at) if is_power else expressions.expression(inner, at)
    return (UNARY_OPERATORS[type(node.operator)], value)


def conditional(node: cst.IfExp, at: Place) -> Document:
    return grouped(_conditional_parts(node, at), at)


def _conditional_parts(node: cst.IfExp, at: Place) -> Document:
    line = line_or_space(at)
    start = (expressions.expression(node.body, at), line, "if ", expressions.expression(node.test, at), line, "else ")
    if isinstance(node.orelse, cst.IfExp) and not is_parenthesized(node.orelse):
        return (*start, _conditional_parts(node.orelse, at))
    return (*start, grouped(expressions.expression(node.orelse, at), at))
