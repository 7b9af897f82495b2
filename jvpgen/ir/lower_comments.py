"""The comments of a statement in the CST: above it, between its lines, behind its header."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

_PRINTER = cst.Module([])


def comments_on(lines: Iterable[cst.EmptyLine]) -> tuple[str, ...]:
    return tuple(line.comment.value for line in lines if line.comment is not None)


def inner_comments(node: cst.SimpleStatementLine) -> tuple[str, ...]:
    """Comments between the lines of a statement."""
    text = "".join(_PRINTER.code_for_node(small) for small in node.body)
    if "\n" not in text or "#" not in text:
        return ()
    finder = _Comments()
    for small in node.body:
        small.visit(finder)
    return tuple(finder.found)


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found.append(node.value)


def header_comment(node: cst.CSTNode) -> str | None:
    body = getattr(node, "body", None)
    if isinstance(body, cst.IndentedBlock) and body.header.comment is not None:
        return body.header.comment.value
    return None
