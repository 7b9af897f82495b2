"""What definitions name, and what that names in turn: as far as text tells, all that code may come to hold.

A class that is none of modules has its methods looked at when something reads an attribute of their name. Annotations
count, quoted ones too; what docstrings and other strings say does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import libcst as cst

from jvpgen.source.bindings import dotted_text
from jvpgen.source.classes import mro, own_methods
from jvpgen.source.reach import Definition, Reach


@dataclass(frozen=True)
class _Part:
    """A definition, or of a class one method, with what it names and the attributes that it reads of anything.

    `member` is the name of such a method where it runs only if that is asked for, else "".
    """

    member: str
    named: tuple[Definition, ...]
    attributes: frozenset[str]


_parts: WeakKeyDictionary[Reach, dict[str, tuple[_Part, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Mentioned:
    """Keys of definitions: those that are `named`, and `bases`, what the classes among these derive from."""

    named: frozenset[str]
    bases: frozenset[str]


def all_mentioned(roots: Iterable[Definition], reach: Reach) -> Mentioned:
    """The definitions `roots`, and those that they name, directly or through others."""
    named: set[str] = set()
    bases: set[str] = set()
    read: set[str] = set()
    unread: dict[str, list[_Part]] = {}  # methods that nothing has asked for yet, by name
    waiting = list(roots)
    while waiting:
        definition = waiting.pop()
        if definition.key in named:
            continue
        named.add(definition.key)
        running: list[_Part] = []
        for owner in _with_bases(definition, reach):
            if owner is not definition and owner.key in bases:
                continue
            bases |= {owner.key} - {definition.key}
            for part in _parts_of(owner, reach):
                is_asked = not part.member or part.member in read
                (running if is_asked else unread.setdefault(part.member, [])).append(part)
        while running:
            part = running.pop()
            waiting += part.named
            for name in part.attributes - read:
                running += unread.pop(name, ())
            read |= part.attributes
    return Mentioned(frozenset(named), frozenset(bases))


def _with_bases(definition: Definition, reach: Reach) -> Iterator[Definition]:
    yield definition
    if isinstance(definition.node, cst.ClassDef):
        found = (ancestor.definition for ancestor in mro(definition, reach)[1:])
        yield from (base for base in found if base is not None)


def _parts_of(definition: Definition, reach: Reach) -> tuple[_Part, ...]:
    known = _parts.setdefault(reach, {})
    if definition.key not in known:
        known[definition.key] = tuple(_read_parts(definition, reach))
    return known[definition.key]


def _read_parts(definition: Definition, reach: Reach) -> Iterator[_Part]:
    node = definition.node
    if not isinstance(node, cst.ClassDef) or definition.kind == "module_class":
        yield _part("", [node], definition, reach)
        return
    methods = {name: method.node for name, method in own_methods(definition, reach).items()}
    statements = [item for item in node.body.body if item not in methods.values()]
    at_once = [method for name, method in methods.items() if name.startswith("__")]
    yield _part("", [*node.decorators, *statements, *at_once], definition, reach)
    for name, method in methods.items():
        if not name.startswith("__"):
            yield _part(name, [method], definition, reach)


def _part(member: str, parts: Iterable[cst.CSTNode], definition: Definition, reach: Reach) -> _Part:
    finder = _NameFinder()
    for node in parts:
        node.visit(finder)
    names = reach.names_at(definition)
    qualified = {found for dotted in finder.names for name in _beginnings(dotted) for found in names.alternatives(name)}
    named = (reach.definition(name, definition.module) for name in sorted(qualified))
    return _Part(member, tuple(found for found in named if found is not None), frozenset(finder.attributes))


def _beginnings(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    yield from (".".join(parts[: count + 1]) for count in range(len(parts)))


class _NameFinder(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self.attributes.add(node.attr.value)
        dotted = dotted_text(node)
        if dotted is not None:
            self.names.add(dotted)
        node.value.visit(self)
        return False

    def visit_Annotation_annotation(self, node: cst.Annotation) -> None:
        node.annotation.visit(_QuotedFinder(self))


class _QuotedFinder(cst.CSTVisitor):
    """The names inside the strings of an annotation."""

    def __init__(self, names: _NameFinder) -> None:
        self.names = names

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        try:
            cst.parse_expression(str(node.evaluated_value)).visit(self.names)
        except cst.ParserSyntaxError:
            return
