"""Where in a file a function is that runs: its code's place enters, the node and what stands around it leave.

A `def` is told by its name and line, a lambda by the range that its code covers: several may stand in one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from jvpgen.source.module import SourceModule
from jvpgen.source.positions import Position

Around = tuple[cst.ClassDef | cst.FunctionDef | cst.Lambda, ...]


@dataclass(frozen=True)
class Place:
    """A function as its code knows it: name, first line (of its decorators, too), the range of its instructions.

    `free` are the names that it finds in the functions around it. Columns count characters.
    """

    name: str
    line: int
    extent: Position
    free: frozenset[str]


@dataclass(frozen=True, eq=False)
class Located:
    """A function's node, and the classes and functions around it, outermost first."""

    node: cst.FunctionDef | cst.Lambda
    around: Around


def locate(source: SourceModule, place: Place) -> Located | None:
    """The function of the file `source` that is at a place; None if there is none, or more than one."""
    finder = _Finder(source, place)
    source.tree.visit(finder)
    if place.name != "<lambda>":
        return finder.found[0] if len(finder.found) == 1 else None
    innermost = max((len(found.around) for found in finder.found), default=0)
    deepest = [found for found in finder.found if len(found.around) == innermost]
    return deepest[0] if len(deepest) == 1 else None


class _Finder(cst.CSTVisitor):
    def __init__(self, source: SourceModule, place: Place) -> None:
        self.found: list[Located] = []
        self._source, self._place = source, place
        self._around: list[cst.ClassDef | cst.FunctionDef | cst.Lambda] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        if node.name.value == self._place.name and self._first_line(node) == self._place.line:
            self.found.append(Located(node, tuple(self._around)))
        self._around.append(node)

    def visit_Lambda(self, node: cst.Lambda) -> None:
        if self._place.name == "<lambda>" and self._covers(node):
            self.found.append(Located(node, tuple(self._around)))
        self._around.append(node)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._around.append(node)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self._around.pop()

    def leave_Lambda(self, original_node: cst.Lambda) -> None:
        self._around.pop()

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self._around.pop()

    def _first_line(self, node: cst.FunctionDef) -> int:
        first = node.decorators[0] if node.decorators else node.name
        return self._source.positions[first].line

    def _covers(self, node: cst.Lambda) -> bool:
        """Whether the code is that of the lambda's body, or of something in it."""
        whole, colon = self._source.positions[node], self._source.positions[node.colon]
        after_colon = Position(colon.end_line, colon.end_column, whole.end_line, whole.end_column)
        return whole.line == self._place.line and _holds(after_colon, self._place.extent)


def _holds(outer: Position, inner: Position) -> bool:
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def functions_around(located: Located) -> Iterator[cst.FunctionDef | cst.Lambda]:
    """The functions in whose scopes a function finds names, innermost first."""
    for node in reversed(located.around):
        if not isinstance(node, cst.ClassDef):
            yield node
