"""The layout document: the text of one logical line together with the places where it may be broken.

A document is a string, a tuple of documents (concatenation) or one of the nodes below. The builders in `expressions`,
`operators`, `chains` and `statements` make documents; `printer.print_document` turns one into lines of text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


class GroupId:
    """The identity of a group whose decision (flat or broken) other parts of the document ask for."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line break: in a flat group, `soft` is nothing and `space` a space; `hard` always breaks."""

    kind: Literal["soft", "space", "hard"]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Content that is printed flat if it fits on the line, and broken at all of its own lines otherwise."""

    content: Document
    id: GroupId | None = None
    expand: bool = False
    # A conditional group is a group only if the group named here breaks; else its content belongs to the enclosing one.
    only_if_broken: GroupId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Indent:
    """Content whose lines are indented by one more level (only if the group `only_if_broken` breaks, where given)."""

    content: Document
    only_if_broken: GroupId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class IfBroken:
    """`broken` where the group `id` (the enclosing group if None) breaks, `flat` where it fits."""

    broken: Document
    flat: Document = ""
    id: GroupId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FitsExpanded:
    """Content that counts as fitting if it fits when broken (while the group `only_if_flat`, if any, is flat)."""

    content: Document
    only_if_flat: GroupId | None = None
    breaks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BestFitting:
    """The first variant that fits (its first line, or with `all_lines` every line), or else the last one."""

    variants: tuple[Document, ...]
    all_lines: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BestFitParentheses:
    """Content that gets parentheses and its own indented lines only where that makes it fit."""

    content: Document
    id: GroupId


@dataclass(frozen=True, slots=True, eq=False)
class Comment:
    """A trailing comment: printed at the end of the line, with `width` columns reserved for it."""

    text: str
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class ForcedBreak:
    """Nothing, but the groups around it break."""


Document: TypeAlias = (
    str
    | tuple["Document", ...]
    | Line
    | Group
    | Indent
    | IfBroken
    | FitsExpanded
    | BestFitting
    | BestFitParentheses
    | Comment
    | ForcedBreak
)

SOFT = Line("soft")
SPACE = Line("space")
HARD = Line("hard")


def is_forced_to_break(document: Document) -> bool:
    """Whether the group around `document` cannot be flat, because the document contains a line break of its own."""
    match document:
        case str():
            return "\n" in document
        case tuple():
            return any(map(is_forced_to_break, document))
        case Line():
            return document.kind == "hard"
        case Group():
            return document.expand
        case Indent():
            return is_forced_to_break(document.content)
        case IfBroken():
            return is_forced_to_break(document.broken) or is_forced_to_break(document.flat)
        case Comment() | ForcedBreak():
            return True
        case _:  # what these contain is no business of the groups around them
            return False


def group(
    *content: Document, id: GroupId | None = None, expand: bool = False, only_if_broken: GroupId | None = None
) -> Group:
    return Group(content, id, expand or is_forced_to_break(content), only_if_broken)


def fits_expanded(content: Document, only_if_flat: GroupId | None = None) -> FitsExpanded:
    return FitsExpanded(content, only_if_flat, is_forced_to_break(content))


def soft_block(content: Document) -> Document:
    """`content` on indented lines of its own where the enclosing group breaks."""
    return (Indent((SOFT, content)), SOFT)


def parenthesize_if_broken(content: Document) -> Group:
    return group(IfBroken("("), soft_block(content), IfBroken(")"))


def flat_text(document: Document) -> str:
    """The text of `document` without any of its optional line breaks."""
    match document:
        case str():
            return document
        case tuple():
            return "".join(map(flat_text, document))
        case Line():
            return " " if document.kind == "space" else ""
        case IfBroken():
            return flat_text(document.flat)
        case BestFitting():
            return flat_text(document.variants[0])
        case Comment():
            return document.text
        case ForcedBreak():
            return ""
        case _:
            return flat_text(document.content)
