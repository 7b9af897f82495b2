"""The blank lines and comments between statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import libcst as cst

from .place import Place
from .printer import INDENT
from .strings import normal_comment

Statement = cst.BaseStatement
SuiteKind = Literal["module", "function", "class", "other"]


@dataclass(frozen=True)
class Scope:
    """Where a suite stands: its kind, its indentation, and the line length."""

    kind: SuiteKind
    indent: int
    width: int

    @property
    def most_blank_lines(self) -> int:
        return 2 if self.kind == "module" else 1

    @property
    def place(self) -> Place:
        return Place()

    def nested(self, kind: SuiteKind) -> Scope:
        return Scope(kind, self.indent + INDENT, self.width)


@dataclass(frozen=True)
class OwnLines:
    """The comments on lines of their own before something, and the blank lines before the first and after each."""

    before: int
    comments: tuple[tuple[str, int], ...]


def own_lines(lines: Sequence[cst.EmptyLine]) -> OwnLines:
    before = 0
    comments: list[tuple[str, int]] = []
    for line in lines:
        if line.comment is not None:
            comments.append((normal_comment(line.comment.value), 0))
        elif comments:
            text, blank = comments[-1]
            comments[-1] = (text, blank + 1)
        else:
            before += 1
    return OwnLines(before, tuple(comments))


def starts_with_blank_line(first: Statement, leading: OwnLines, scope: Scope) -> bool:
    """Whether a suite begins with a blank line: functions keep theirs, other blocks get one before a definition."""
    if scope.kind == "function":
        return leading.before > 0 and docstring(first) is None
    return scope.kind == "other" and is_definition(first) and not leading.comments


def leading_lines(statement: Statement) -> Sequence[cst.EmptyLine]:
    lines: Sequence[cst.EmptyLine] = getattr(statement, "leading_lines", ())
    return lines


def comment_lines(comments: OwnLines, scope: Scope) -> list[str]:
    lines: list[str] = []
    for text, blank in comments.comments:
        lines.append(" " * scope.indent + text)
        lines += [""] * min(blank, scope.most_blank_lines)
    return lines


def leading_comment_lines(leading: OwnLines, statement: Statement, scope: Scope) -> list[str]:
    """The comments before a statement; the last gap between them and a definition is a wide one."""
    gap = last_gap(leading)
    if gap == 0 or not is_definition(statement):
        return comment_lines(leading, scope)
    head, tail = leading.comments[:gap], leading.comments[gap:]
    lines = without_blank_end(comment_lines(OwnLines(0, head), scope))
    return [*lines, *[""] * scope.most_blank_lines, *comment_lines(OwnLines(0, tail), scope)]


def last_gap(leading: OwnLines) -> int:
    """The number of comments that stand apart from what follows, with a blank line after the last of them."""
    return max((index + 1 for index, (_, blank) in enumerate(leading.comments) if blank), default=0)


def without_blank_end(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1]:
        end -= 1
    return lines[:end]


def separation(
    previous: Statement, following: Statement, leading: OwnLines, is_after_docstring: bool, scope: Scope
) -> int:
    """The number of blank lines between two statements, or between the first and the comments before the second."""
    kept = min(leading.before, scope.most_blank_lines)
    if last_gap(leading) and not is_definition(previous) and not (is_after_docstring and scope.kind == "class"):
        return kept  # the comments belong to what they follow
    if is_definition(following) or ends_with_definition(previous):
        is_overload = isinstance(following, cst.FunctionDef) and is_stub_function(previous)
        return 0 if is_overload and leading.before == 0 and not last_gap(leading) else scope.most_blank_lines
    if is_import(previous) and (not is_import(following) or leading.comments):
        return max(1, kept)
    if is_after_docstring:
        return 1
    return kept


def is_definition(statement: Statement) -> bool:
    return isinstance(statement, cst.FunctionDef | cst.ClassDef)


def is_import(statement: Statement) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(
        statement.body[-1], cst.Import | cst.ImportFrom
    )


def ends_with_definition(statement: Statement) -> bool:
    """Whether `statement` ends with a function or class, possibly a nested one, that no comment follows."""
    if is_definition(statement):
        return True
    block = last_block(statement)
    if not isinstance(block, cst.IndentedBlock) or own_lines(block.footer).comments:
        return False
    return ends_with_definition(block.body[-1])


def last_block(statement: Statement) -> cst.BaseSuite | None:
    match statement:
        case cst.If() | cst.For() | cst.While():
            if isinstance(statement.orelse, cst.If):
                return last_block(statement.orelse)
            return statement.body if statement.orelse is None else statement.orelse.body
        case cst.With():
            return statement.body
        case cst.Match():
            return statement.cases[-1].body
        case cst.Try() | cst.TryStar():
            for clause in (statement.finalbody, statement.orelse):
                if clause is not None:
                    return clause.body
            return statement.handlers[-1].body if statement.handlers else statement.body
    return None


def is_ellipsis_body(suite: cst.BaseSuite) -> bool:
    statement: cst.CSTNode
    match suite:
        case cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[statement]) as line]):
            if (
                own_lines(line.leading_lines).comments
                or own_lines(suite.footer).comments
                or suite.header.comment is not None
            ):
                return False
        case cst.SimpleStatementSuite(body=[statement]):
            pass
        case _:
            return False
    return isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Ellipsis)


def is_stub_function(statement: Statement) -> bool:
    return isinstance(statement, cst.FunctionDef) and is_ellipsis_body(statement.body)


def docstring(statement: Statement) -> cst.SimpleString | None:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() as string), *_]):
            is_text = not set(string.prefix.lower()) & {"b"}
            return string if is_text else None
    return None
