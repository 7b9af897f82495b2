"""Where an expression stands, and what brackets and line breaks are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .document import SPACE, Document, GroupId, IfBroken, fits_expanded, group, soft_block
from .strings import Quote


class UnknownSyntax(Exception):
    """The layout has no rules for this piece of syntax: its text is left as it is."""


@dataclass(frozen=True)
class Place:
    """Where an expression stands: in what parentheses, and in an f-string with which quote."""

    parentheses: GroupId | Literal["certain"] | None = None
    quote: Quote | None = None
    # Whether those parentheses, once added, count as the author's, so that the next run keeps them in any case.
    are_kept: bool = False

    @property
    def kept(self) -> Place:
        return replace(self, are_kept=True)

    @property
    def enclosed(self) -> Place:
        return replace(self, parentheses="certain")

    def within(self, id: GroupId) -> Place:
        return replace(self, parentheses=id)


def bracketed(left: str, content: Document, right: str, at: Place, *, hugging: bool = False) -> Document:
    """`content` (made for a place inside brackets) between brackets, on lines of its own if it does not fit."""
    inner: Document = content if hugging else group(soft_block(content))
    if isinstance(at.parentheses, GroupId):
        # Breaking these brackets is no reason to add the optional parentheses around them.
        inner = fits_expanded(inner, only_if_flat=at.parentheses)
    return (left, inner, right)


def grouped(content: Document, at: Place) -> Document:
    """`content` as a group where lines may break outside of its own brackets; as it is where they may not."""
    if at.parentheses is None:
        return content
    return group(content, only_if_broken=at.parentheses if isinstance(at.parentheses, GroupId) else None)


def line_or_space(at: Place) -> Document:
    if at.parentheses is None:
        return " "
    return IfBroken(SPACE, " ", at.parentheses) if isinstance(at.parentheses, GroupId) else SPACE


def comma_separated(items: Sequence[Document], *, comma_after_one: bool = False) -> Document:
    """The items with commas between them, and one after the last if they are on lines of their own."""
    parts: list[Document] = []
    for index, item in enumerate(items):
        parts.append((",", SPACE, item) if index else item)
    if len(items) > 1 or comma_after_one:
        parts.append(IfBroken(","))
    return tuple(parts)
