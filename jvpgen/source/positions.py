"""Line and column of every node of a tree: a syntax tree enters, a table from node to position leaves.

libcst's own PositionProvider gives the same numbers, five times slower: it drives a context manager and a regular
expression for each token. This one only counts.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from types import TracebackType
from typing import NamedTuple

import libcst as cst
from libcst._nodes.internal import CodegenState

from jvpgen.source.recursion import deep_recursion

_DEEPEST = 1_000
_NEWLINE = re.compile(r"\r\n?|\n")


class Position(NamedTuple):
    """1-based lines, 0-based columns, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def positions(tree: cst.Module) -> dict[cst.CSTNode, Position]:
    """Where each node of `tree` stands, surrounding whitespace left out.

    Raises:
      RecursionError: for a tree that is deeper than functions over it may safely nest.
    """
    state = _CountingState(default_indent=tree.default_indent, default_newline=tree.default_newline)
    state.found = {}
    state.starts = []
    state.line, state.column = 1, 0
    state.tokens.append("")  # libcst asks whether anything was written
    with deep_recursion():
        tree._codegen(state)
    return state.found


class _CountingState(CodegenState):
    found: dict[cst.CSTNode, Position]
    starts: list[tuple[int, int]]
    line: int
    column: int

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.column += len(token)

    def add_token(self, value: str) -> None:
        if "\n" not in value and "\r" not in value:
            self.column += len(value)
            return
        lines = _NEWLINE.split(value)
        self.line += len(lines) - 1
        self.column = len(lines[-1])

    def pop_trailing_newline(self) -> None:
        pass

    def before_codegen(self, node: cst.CSTNode) -> None:
        if len(self.starts) > _DEEPEST:
            raise RecursionError
        self.starts.append((self.line, self.column))

    def after_codegen(self, node: cst.CSTNode) -> None:
        line, column = self.starts.pop()
        if node not in self.found:  # else its syntactic position is known already
            self.found[node] = Position(line, column, self.line, self.column)

    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> AbstractContextManager[None]:
        return _Recording(self, node, start_node, end_node)


class _Recording(AbstractContextManager[None]):
    __slots__ = ("column", "end", "line", "node", "start", "state")

    def __init__(
        self, state: _CountingState, node: cst.CSTNode, start: cst.CSTNode | None, end: cst.CSTNode | None
    ) -> None:
        self.state, self.node, self.start, self.end = state, node, start, end

    def __enter__(self) -> None:
        self.line, self.column = self.state.line, self.state.column

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:  # too deep a recursion, on its way out
            return
        state = self.state
        line, column = (self.line, self.column) if self.start is None else state.found[self.start][:2]
        end_line, end_column = (state.line, state.column) if self.end is None else state.found[self.end][2:]
        state.found[self.node] = Position(line, column, end_line, end_column)
