"""From a module to its text: the statements line by line, with their comments and the blank lines between them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from . import statements
from .blank_lines import (
    OwnLines,
    Scope,
    Statement,
    SuiteKind,
    comment_lines,
    docstring,
    is_definition,
    is_ellipsis_body,
    leading_comment_lines,
    leading_lines,
    own_lines,
    separation,
    starts_with_blank_line,
    without_blank_end,
)
from .document import Comment, Document
from .expressions import wrapped
from .place import UnknownSyntax
from .printer import print_document, text_width
from .strings import normal_comment, normal_docstring


@dataclass(frozen=True)
class Source:
    """The module that is laid out, and whether any comment in it stands inside brackets."""

    module: cst.Module
    has_inner_comments: bool


def format_module(text: str, line_length: int = 88) -> str:
    """The module's text in the layout of `ruff format`, at this line length."""
    module = cst.parse_module(text)
    source = Source(module, any_inner_comments(text))
    scope = Scope("module", 0, line_length)
    body = list(module.body)
    lines: list[str] = []
    header = own_lines(module.header)
    if body:
        lines += suite_lines(source, body, list(module.header), module.footer, scope)
    else:
        lines += comment_lines(OwnLines(0, header.comments + own_lines(module.footer).comments), scope)
    lines = without_blank_end(lines)
    return "\n".join(lines) + "\n" if lines else ""


def suite_lines(
    source: Source,
    body: Sequence[Statement],
    header: Sequence[cst.EmptyLine],
    footer: Sequence[cst.EmptyLine],
    scope: Scope,
) -> list[str]:
    lines: list[str] = []
    previous: Statement | None = None
    for index, statement in enumerate(body):
        leading = own_lines([*(header if index == 0 else ()), *leading_lines(statement)])
        if previous is not None:
            is_after_docstring = index == 1 and scope.kind in ("module", "class") and docstring(previous) is not None
            lines += [""] * separation(previous, statement, leading, is_after_docstring, scope)
        elif starts_with_blank_line(statement, leading, scope):
            lines.append("")
        lines += leading_comment_lines(leading, statement, scope)
        is_docstring = index == 0 and scope.kind != "other"
        lines += statement_lines(source, statement, is_docstring, scope)
        previous = statement
    trailing = own_lines(footer)
    if trailing.comments:
        least = scope.most_blank_lines if previous is not None and is_definition(previous) else 0
        lines += [""] * max(least, min(trailing.before, scope.most_blank_lines))
        lines += without_blank_end(comment_lines(trailing, scope))
    return lines


def statement_lines(source: Source, statement: Statement, is_first: bool, scope: Scope) -> list[str]:
    if isinstance(statement, cst.SimpleStatementLine):
        text = docstring(statement) if is_first else None
        return small_statement_lines(source, statement.body, statement.trailing_whitespace, text, scope)
    try:
        if source.has_inner_comments and has_inner_comments(statement):
            raise UnknownSyntax
        return list(compound_lines(source, statement, scope))
    except (UnknownSyntax, RecursionError):
        return source_lines(source, statement, scope)


def source_lines(source: Source, node: cst.CSTNode, scope: Scope) -> list[str]:
    """The statement as it stands in the source, for what the layout has no rules for."""
    if hasattr(node, "leading_lines"):
        node = node.with_changes(leading_lines=())
    code = source.module.code_for_node(node).rstrip("\n")
    inside_strings = {
        line
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
        if token.type not in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER)
        for line in range(token.start[0] + 1, token.end[0] + 1)
    }
    indent = " " * scope.indent
    lines = enumerate(code.split("\n"), start=1)
    return [indent + line if line and number not in inside_strings else line for number, line in lines]


def any_inner_comments(text: str) -> bool:
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        elif token.type == tokenize.COMMENT and depth:
            return True
    return False


def has_inner_comments(node: cst.CSTNode) -> bool:
    """Whether there are comments inside the brackets of a statement or header: the layout has no place for them."""
    if isinstance(node, cst.ParenthesizedWhitespace):
        return node.first_line.comment is not None or any(line.comment is not None for line in node.empty_lines)
    return any(has_inner_comments(child) for child in node.children if not isinstance(child, STATEMENT_PARTS))


# What is checked on its own.
STATEMENT_PARTS = (cst.BaseSuite, cst.EmptyLine, cst.TrailingWhitespace)


def small_statement_lines(
    source: Source,
    body: Sequence[cst.BaseSmallStatement],
    end: cst.TrailingWhitespace,
    text: cst.SimpleString | None,
    scope: Scope,
) -> list[str]:
    lines: list[str] = []
    for index, statement in enumerate(body):
        comment = trailing_comment(end) if index == len(body) - 1 else ""
        if index == 0 and text is not None:
            document: Document = (normal_docstring(text.value, scope.indent), comment)
            lines.append(print_document(document, scope.indent, scope.width))
            continue
        try:
            if source.has_inner_comments and has_inner_comments(statement):
                raise UnknownSyntax
            document = statements.simple_statement(statement, comment, scope.place)
            lines.append(print_document(document, scope.indent, scope.width))
        except (UnknownSyntax, RecursionError):
            *head, last = source_lines(source, statement, scope)
            lines += [*head, last + (f"  {comment.text}" if isinstance(comment, Comment) else "")]
    return lines


def trailing_comment(end: cst.TrailingWhitespace) -> Document:
    if end.comment is None:
        return ""
    text = normal_comment(end.comment.value)
    counted = PRAGMA.sub("", text)
    return Comment(text, 2 + text_width(counted) if counted else 0)


# An instruction to a tool at the end of a comment: that it makes the line too long does not count.
PRAGMA = re.compile(r"\s*#\s*(?:[Nn][Oo][Qq][Aa]|nosec|(?:isort|type|pyright|pyrefly|pylint|flake8|ruff|ty):).*")


def compound_lines(source: Source, statement: Statement, scope: Scope) -> Iterator[str]:
    at = scope.place
    match statement:
        case cst.FunctionDef():
            yield from decorator_lines(statement, scope)
            yield from clause_lines(
                source, statements.function_header(statement, at), statement.body, "function", scope
            )
        case cst.ClassDef():
            yield from decorator_lines(statement, scope)
            yield from clause_lines(source, statements.class_header(statement, at), statement.body, "class", scope)
        case cst.If():
            yield from if_lines(source, "if", statement, scope)
        case cst.While():
            yield from clause_lines(
                source, statements.condition_header("while", statement.test, at), statement.body, "other", scope
            )
            yield from else_lines(source, statement.orelse, scope)
        case cst.For():
            yield from clause_lines(source, statements.for_header(statement, at), statement.body, "other", scope)
            yield from else_lines(source, statement.orelse, scope)
        case cst.With():
            yield from clause_lines(source, statements.with_header(statement, at), statement.body, "other", scope)
        case cst.Try() | cst.TryStar():
            yield from try_lines(source, statement, scope)
        case cst.Match():
            yield from match_lines(source, statement, scope)
        case _:
            raise UnknownSyntax


def decorator_lines(node: cst.FunctionDef | cst.ClassDef, scope: Scope) -> Iterator[str]:
    for decorator in node.decorators:
        yield from comment_lines(own_lines(decorator.leading_lines), scope)
        document = (statements.decorator(decorator, scope.place), trailing_comment(decorator.trailing_whitespace))
        yield print_document(document, scope.indent, scope.width)
    yield from comment_lines(own_lines(node.lines_after_decorators), scope)


def if_lines(source: Source, keyword: str, node: cst.If, scope: Scope) -> Iterator[str]:
    header = statements.condition_header(keyword, node.test, scope.place)
    yield from clause_lines(source, header, node.body, "other", scope)
    if isinstance(node.orelse, cst.If):
        yield from clause_leading_lines(node.orelse, scope)
        yield from if_lines(source, "elif", node.orelse, scope)
    else:
        yield from else_lines(source, node.orelse, scope)


def else_lines(source: Source, node: cst.Else | None, scope: Scope) -> Iterator[str]:
    if node is not None:
        yield from clause_leading_lines(node, scope)
        yield from clause_lines(source, "else:", node.body, "other", scope)


def try_lines(source: Source, node: cst.Try | cst.TryStar, scope: Scope) -> Iterator[str]:
    yield from clause_lines(source, "try:", node.body, "other", scope)
    for handler in node.handlers:
        yield from clause_leading_lines(handler, scope)
        yield from clause_lines(source, statements.except_header(handler, scope.place), handler.body, "other", scope)
    yield from else_lines(source, node.orelse, scope)
    if node.finalbody is not None:
        yield from clause_leading_lines(node.finalbody, scope)
        yield from clause_lines(source, "finally:", node.finalbody.body, "other", scope)


def match_lines(source: Source, node: cst.Match, scope: Scope) -> Iterator[str]:
    """Patterns as they stand: jvpgen writes them in one form, on one line."""
    if own_lines(node.footer).comments:
        raise UnknownSyntax
    header: Document = ("match ", wrapped(node.subject, "statement", scope.place), ":")
    yield print_document((header, trailing_comment(node.whitespace_after_colon)), scope.indent, scope.width)
    inner = scope.nested("other")
    for case in node.cases:
        yield from clause_leading_lines(case, inner)
        pattern = source.module.code_for_node(case.pattern)
        if "\n" in pattern:
            raise UnknownSyntax
        guard = ("",) if case.guard is None else (" if ", wrapped(case.guard, "statement", inner.place))
        yield from clause_lines(source, ("case ", pattern, *guard, ":"), case.body, "other", inner)


def clause_leading_lines(
    node: cst.MatchCase | cst.If | cst.Else | cst.ExceptHandler | cst.ExceptStarHandler | cst.Finally, scope: Scope
) -> list[str]:
    leading = own_lines(node.leading_lines)
    return [""] * min(leading.before, scope.most_blank_lines) + comment_lines(leading, scope)


def clause_lines(source: Source, header: Document, body: cst.BaseSuite, kind: SuiteKind, scope: Scope) -> list[str]:
    inner = scope.nested(kind)
    if isinstance(body, cst.SimpleStatementSuite):
        if kind in ("function", "class") and is_ellipsis_body(body):
            return [
                print_document((header, " ...", trailing_comment(body.trailing_whitespace)), scope.indent, scope.width)
            ]
        first = print_document(header, scope.indent, scope.width)
        return [first, *small_statement_lines(source, body.body, body.trailing_whitespace, None, inner)]
    if not isinstance(body, cst.IndentedBlock):
        raise UnknownSyntax
    if kind in ("function", "class") and is_ellipsis_body(body):
        line = body.body[0]
        comment = trailing_comment(line.trailing_whitespace) if isinstance(line, cst.SimpleStatementLine) else ""
        return [print_document((header, " ...", comment), scope.indent, scope.width)]
    first = print_document((header, trailing_comment(body.header)), scope.indent, scope.width)
    return [first, *suite_lines(source, body.body, (), body.footer, inner)]
