"""The statements that bind names: a block of statements enters, its bindings leave, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import libcst as cst

BindingKind = Literal["import", "class", "function", "value"]


@dataclass(frozen=True)
class Binding:
    """One way in which a name of a block comes to be.

    `node` is the ClassDef, the FunctionDef, the import statement, or the expression that an assignment binds (None
    where it is no whole expression: a loop target, an unpacked tuple). An import's `module` is the imported module's
    dotted name, `attribute` the name taken from it, "" for the module itself; a star import's name is "*". `guarded`
    says that the binding stands in an `if`, a `try`, a loop or a `with`, `fallback` in an `else` or an `except`,
    `typing_only` under `if TYPE_CHECKING`.
    """

    name: str
    kind: BindingKind
    node: cst.CSTNode | None
    module: str = ""
    attribute: str = ""
    guarded: bool = False
    fallback: bool = False
    typing_only: bool = False

    @property
    def target(self) -> str:
        """The qualified name that an import stands for."""
        return f"{self.module}.{self.attribute}" if self.attribute else self.module

    @property
    def is_placeholder(self) -> bool:
        """Whether this is a mere `name = None`, or seen by type checkers only."""
        return self.typing_only or (isinstance(self.node, cst.Name) and self.node.value == "None")


def bindings_of(block: Iterable[cst.CSTNode], package: str) -> Iterator[Binding]:
    """The names that a block's statements bind, those inside nested functions and classes left out.

    `package` is what relative imports start from.
    """
    for statement in block:
        if isinstance(statement, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            for part in statement.body:
                yield from _simple(part, package)
        elif isinstance(statement, cst.BaseSmallStatement):
            yield from _simple(statement, package)
        elif isinstance(statement, cst.ClassDef):
            yield Binding(statement.name.value, "class", statement)
        elif isinstance(statement, cst.FunctionDef):
            yield Binding(statement.name.value, "function", statement)
        else:
            yield from _compound(statement, package)


def _compound(statement: cst.CSTNode, package: str) -> Iterator[Binding]:
    match statement:
        case cst.If():
            typing_only = (dotted_text(statement.test) or "").split(".")[-1] == "TYPE_CHECKING"
            yield from _guarded(statement.body, package, typing_only=typing_only)
            if statement.orelse is not None and typing_only:
                yield from _guarded_or_else(statement.orelse, package, fallback=False)
            elif statement.orelse is not None:
                yield from _guarded_or_else(statement.orelse, package, fallback=True)
        case cst.Try() | cst.TryStar():
            yield from _guarded(statement.body, package)
            for handler in statement.handlers:
                yield from _guarded(handler.body, package, fallback=True)
            if statement.orelse is not None:
                yield from _guarded(statement.orelse.body, package)
            if statement.finalbody is not None:
                yield from _guarded(statement.finalbody.body, package)
        case cst.For():
            yield from (replace(item, guarded=True) for item in _targets(statement.target, None))
            yield from _guarded(statement.body, package)
            if statement.orelse is not None:
                yield from _guarded(statement.orelse.body, package)
        case cst.While():
            yield from _guarded(statement.body, package)
            if statement.orelse is not None:
                yield from _guarded(statement.orelse.body, package)
        case cst.With():
            for entry in statement.items:
                if entry.asname is not None:
                    yield from _targets(entry.asname.name, None)
            yield from bindings_of(statement.body.body, package)
        case cst.Match():
            for case in statement.cases:
                yield from _guarded(case.body, package)


def _guarded(
    block: cst.BaseSuite, package: str, *, fallback: bool = False, typing_only: bool = False
) -> Iterator[Binding]:
    for item in bindings_of(block.body, package):
        yield replace(
            item, guarded=True, fallback=fallback or item.fallback, typing_only=typing_only or item.typing_only
        )


def _guarded_or_else(orelse: cst.If | cst.Else, package: str, *, fallback: bool) -> Iterator[Binding]:
    if isinstance(orelse, cst.Else):
        yield from _guarded(orelse.body, package, fallback=fallback)
    else:
        yield from (replace(item, guarded=True, fallback=fallback) for item in _compound(orelse, package))


def _simple(statement: cst.CSTNode, package: str) -> Iterator[Binding]:
    match statement:
        case cst.Import():
            for alias in statement.names:
                yield _import(alias, statement)
        case cst.ImportFrom():
            yield from _import_from(statement, package)
        case cst.Assign():
            for target in statement.targets:
                yield from _targets(target.target, statement.value)
        case cst.AnnAssign() if statement.value is not None:
            yield from _targets(statement.target, statement.value)
        case cst.AugAssign():
            yield from (replace(item, guarded=True) for item in _targets(statement.target, None))
        case cst.TypeAlias():
            yield Binding(statement.name.value, "value", statement.value)


def _targets(target: cst.CSTNode, value: cst.BaseExpression | None) -> Iterator[Binding]:
    match target:
        case cst.Name():
            yield Binding(target.value, "value", value)
        case cst.Tuple() | cst.List():
            parts = _parts(value, len(target.elements))
            for element, part in zip(target.elements, parts, strict=True):
                yield from _targets(element.value, part)
        case cst.StarredElement():
            yield from _targets(target.value, None)


def _parts(value: cst.BaseExpression | None, count: int) -> Sequence[cst.BaseExpression | None]:
    """The elements of a displayed tuple that is unpacked into `count` targets."""
    if isinstance(value, cst.Tuple | cst.List) and len(value.elements) == count:
        elements = [element.value for element in value.elements if isinstance(element, cst.Element)]
        if len(elements) == count:
            return elements
    return [None] * count


# --- Imports ----------------------------------------------------------------------------------------------------------


def _import(alias: cst.ImportAlias, statement: cst.Import) -> Binding:
    module = dotted_text(alias.name) or ""
    if alias.asname is not None:
        return Binding(_alias_name(alias), "import", statement, module)
    first = module.split(".")[0]
    return Binding(first, "import", statement, first)


def _import_from(statement: cst.ImportFrom, package: str) -> Iterator[Binding]:
    module = _absolute(statement, package)
    if module is None:  # it climbs out of the topmost package: Python refuses it too
        return
    if isinstance(statement.names, cst.ImportStar):
        yield Binding("*", "import", statement, module)
        return
    for alias in statement.names:
        attribute = dotted_text(alias.name) or ""
        name = attribute if alias.asname is None else _alias_name(alias)
        # `from . import x` in a folder that is no package means the file beside this one
        yield Binding(name, "import", statement, module or attribute, attribute if module else "")


def _absolute(statement: cst.ImportFrom, package: str) -> str | None:
    module = dotted_text(statement.module) or "" if statement.module is not None else ""
    level = len(statement.relative)
    if not level:
        return module
    parts = package.split(".") if package else []
    if level > 1 and level - 1 >= len(parts):
        return None
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, module] if module else base)


def _alias_name(alias: cst.ImportAlias) -> str:
    assert alias.asname is not None and isinstance(alias.asname.name, cst.Name)
    return alias.asname.name.value


def dotted_text(node: cst.CSTNode | None) -> str | None:
    """`a.b.c` of a Name or of a chain of Attributes that ends in one; None for anything else."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    parts.append(node.value)
    return ".".join(reversed(parts))
