"""Python text as a stream of words that formatters and Python versions do not change.

Layout, comments, redundant parentheses, trailing commas, quotes and the split of a string into adjacent literals are
left out; everything else is in. The tree comes from libcst, whose parser is the same under every Python (`ast` and
`tokenize` are not: f-strings). Only what stands in the text is written, never a field's default, so that a field that
libcst gains leaves the stream as it is.
"""

from __future__ import annotations

import inspect
import re
from ast import literal_eval
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache

import libcst as cst

_LAYOUT_FIELDS = frozenset(
    {
        *("leading_lines", "lines_after_decorators", "header", "footer", "leading_whitespace", "trailing_whitespace"),
        *("has_trailing_newline", "indent", "default_indent", "default_newline", "encoding"),
        *("lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace"),
        *("comma", "semicolon", "equal", "dot", "colon", "first_colon", "second_colon", "trailing_comma"),
    }
)
_SUITES = (cst.IndentedBlock, cst.SimpleStatementSuite, cst.SimpleStatementLine)

Word = str


def words(tree: cst.CSTNode, *, docstrings: bool) -> Iterator[Word]:
    """The words of `tree` in order. A closing `)` after each node's words makes the stream as telling as the tree."""
    stack: list[cst.CSTNode | Word] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        if isinstance(item, (cst.SimpleString, cst.ConcatenatedString)):
            yield from _string_words(item)
            continue
        parts: list[cst.CSTNode | Word] = list(_parts(item, docstrings))
        if isinstance(item, _SUITES):
            stack.extend(reversed(parts))  # `if x: y` and its two-line form say the same
            continue
        stack.append(")")
        stack.extend(reversed(parts))
        stack.append(type(item).__name__)


def _parts(node: cst.CSTNode, docstrings: bool) -> Iterator[cst.CSTNode | Word]:
    """The children and words of a node in the order of its fields, each group under the field's name."""
    if isinstance(node, cst.SimpleStatementLine):  # `a; b` says the same as two lines
        yield from node.body
        return
    for name in _telling_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield f"{name}:"
            yield value
        elif isinstance(value, str):
            if value:
                yield f"{name}={_normal_text(node, name, value)}"
        elif isinstance(value, Sequence) and value:
            yield f"{name}["
            yield from (
                _without_docstring(node, value) if name == "body" and not docstrings else _cleaned(node, name, value)
            )
            yield "]"
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].comma, cst.Comma):
        yield "tuple"  # x[1,] is not x[1]


@cache
def _telling_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    names = (field.name for field in fields(kind))
    told = tuple(name for name in names if name not in _LAYOUT_FIELDS and not name.startswith("whitespace_"))
    return (*told, "equal") if kind is cst.FormattedStringExpression else told  # f"{x=}" prints the name


# --- Strings ----------------------------------------------------------------------------------------------------------


def _string_words(node: cst.SimpleString | cst.ConcatenatedString) -> Iterator[Word]:
    """Adjacent literals joined into one word; f-strings among them word by word."""
    plain: list[str | bytes] = []
    for piece in _pieces(node):
        if isinstance(piece, cst.SimpleString):
            plain.append(_value(piece))
            continue
        yield from _joined(plain)
        plain.clear()
        yield from words(piece, docstrings=True)
    yield from _joined(plain)


def _pieces(node: cst.BaseString) -> Iterator[cst.BaseString]:
    while isinstance(node, cst.ConcatenatedString):
        yield node.left
        node = node.right
    yield node


def _value(node: cst.SimpleString) -> str | bytes:
    try:
        value = literal_eval(node.value)
    except (SyntaxError, ValueError):
        return node.value
    return value if isinstance(value, str | bytes) else node.value


def _joined(plain: list[str | bytes]) -> Iterator[Word]:
    if not plain:
        return
    if all(isinstance(value, bytes) for value in plain):
        yield "bytes " + b"".join(value for value in plain if isinstance(value, bytes)).hex()
    else:
        yield "string " + "".join(str(value) for value in plain)


def _normal_text(node: cst.CSTNode, name: str, value: str) -> str:
    if isinstance(node, cst.Float):
        return float(value).hex()
    if isinstance(node, cst.BaseNumber):
        return value.lower()
    if isinstance(node, cst.FormattedString) and name in ("start", "end"):
        return "".join(sorted(value.lower().rstrip("\"'")))
    if isinstance(node, cst.FormattedStringText):
        return re.sub(r"\\([\"'])", r"\1", value)
    return value


# --- Docstrings -------------------------------------------------------------------------------------------------------


def _docstring(node: cst.CSTNode) -> cst.SimpleString | cst.ConcatenatedString | None:
    """A statement line's string, if that is all it holds."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        node = node.body[0]
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
        return node.value
    return None


def _without_docstring(node: cst.CSTNode, body: Sequence[cst.CSTNode]) -> Sequence[cst.CSTNode]:
    return body[1:] if _may_hold_docstring(node) and _docstring(body[0]) is not None else body


def _cleaned(node: cst.CSTNode, name: str, body: Sequence[cst.CSTNode]) -> Iterator[cst.CSTNode | Word]:
    """The body with its docstring as formatters leave it: indentation and trailing space aside."""
    first = _docstring(body[0]) if name == "body" and _may_hold_docstring(node) else None
    if first is None or not isinstance(first, cst.SimpleString):
        yield from body
        return
    text = inspect.cleandoc(str(_value(first)))
    yield "docstring " + "\n".join(line.rstrip() for line in text.splitlines())
    yield from body[1:]


def _may_hold_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, (cst.Module, cst.IndentedBlock, cst.SimpleStatementSuite))
