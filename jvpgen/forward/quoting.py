"""A statement of the source as a comment above what was made of it: in the user's own words, in up to three lines.

The text is taken apart by hand, for `tokenize` sees f-strings differently from one Python to the next. What a user has
split over lines is joined first, as a formatter would join it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

_LINES = 3
_INDENT = "    "
_EMPTY_LINE = 2.0  # as bad as an end inside of so many brackets

_PIECE = re.compile(
    r"""(?P<string>[rRbBuUfF]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<comment>\#[^\n]*)
    |(?P<gap>[^\S\n]*\\?\n\s*)
    |(?P<space>[^\S\n]+)
    |(?P<word>\w+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"
# How good a place before an operator is, from what holds its sides together least.
_OPERATORS = (
    (re.compile(r" (?=(?:if|else|for) )"), 0.1),
    (re.compile(r" (?=(?:and|or) )"), 0.2),
    (re.compile(r" (?=(?:(?:not )?in|is|[=!<>]=|[<>]) )"), 0.3),
    (re.compile(r" (?=[-+|&^] )"), 0.4),
    (re.compile(r" (?=(?://|[*/%@]|<<|>>) )"), 0.6),
)
_UNSPLIT = {"for": "in", "lambda": ":"}  # what names variables, and where that ends
_WHOLE_VALUE = re.compile(r"(?:return|.*?[^=!<>]=) (?=\()")


def quoted(text: str, room: int) -> tuple[str, ...]:
    """The comment lines, each at most `room` long, that show the statement `text`; what is longer is cut."""
    line = joined(text)
    room -= len("# ")
    if len(line) <= room:
        return (f"# {line}",)
    lines = _wrapped(line, room) or _cut(line, room)
    return tuple(f"# {_INDENT if position else ''}{part}" for position, part in enumerate(lines))


# --- On one line ------------------------------------------------------------------------------------------------------


def joined(text: str) -> str:
    """A statement on one line, as the user wrote it but for line breaks, comments, and what stands for those alone."""
    made: list[str] = []
    broken = False
    for match in _PIECE.finditer(text.strip()):
        piece = match.group()
        if match.lastgroup in ("gap", "comment") or (broken and match.lastgroup == "space"):
            broken = True
            continue
        if broken:
            _join(made, piece)
        broken = False
        made.append(re.sub(r"\s*\n\s*", " ", piece) if match.lastgroup == "string" else piece)
    line = "".join(made)
    return _without_outer_parentheses(line) if "\n" in text else line


def _join(made: list[str], following: str) -> None:
    """Puts between two lines what a formatter would, were they one."""
    while made and made[-1].isspace():
        made.pop()
    if not made:
        return
    if following in _CLOSING:
        if made[-1] == "," and not _is_only_comma(made):
            made.pop()
        return
    if made[-1] not in (*_OPENING, ".") and following != ".":
        made.append(" ")


def _is_only_comma(made: Sequence[str]) -> bool:
    """Whether the last piece, a comma, makes a tuple of one item."""
    depth = commas = 0
    for position in range(len(made) - 1, -1, -1):
        piece = made[position]
        depth += (piece in _CLOSING) - (piece in _OPENING)
        if depth < 0:
            before = made[position - 1] if position else " "
            follows_value = before[-1].isalnum() or before[-1] in "_)]"
            return commas == 1 and piece in "([" and follows_value == (piece == "[")
        commas += piece == "," and depth == 0
    return False


def _without_outer_parentheses(line: str) -> str:
    """Without parentheses around a value that stood there for its line breaks."""
    start = _WHOLE_VALUE.match(line)
    if start is None or not line.endswith(")"):
        return line
    inside = line[start.end() + 1 : -1]
    depths = [depth for _, depth in _signs(inside)]
    if any(depth < 0 for depth in depths) or any(sign == "," and depth == 0 for sign, depth in _signs(inside)):
        return line
    if not inside or re.search(r"\b(for|yield)\b|:=", inside):
        return line
    return line[: start.end()] + inside


def _signs(line: str) -> Iterator[tuple[str, int]]:
    """The brackets and commas of a line outside of strings, with the depth behind each."""
    depth = 0
    for match in _PIECE.finditer(line):
        piece = match.group()
        if match.lastgroup == "sign":
            depth += (piece in _OPENING) - (piece in _CLOSING)
            yield piece, depth


# --- On several lines -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Break:
    """A place where a line may end: at `end`, the next one beginning at `start`; the deeper, the less sensible."""

    end: int
    start: int
    cost: float


def _breaks(line: str) -> Iterator[_Break]:
    depth = 0
    naming: list[tuple[str, int]] = []  # the ends of what names variables, innermost last
    for match in _PIECE.finditer(line):
        piece, start = match.group(), match.start()
        if naming and (piece, depth) == naming[-1]:
            naming.pop()
        elif match.lastgroup == "word" and piece in _UNSPLIT:
            naming.append((_UNSPLIT[piece], depth))
        elif match.lastgroup == "space" and start and not naming:
            if line[start - 1] == ",":
                yield _Break(start, match.end(), depth)
            for operator, cost in _OPERATORS:
                if operator.match(line, start):
                    yield _Break(start, match.end(), depth + cost)
        elif match.lastgroup == "sign":
            depth += (piece in _OPENING) - (piece in _CLOSING)
            if piece in _OPENING:
                yield _Break(match.end(), match.end(), depth + 0.5)


def _wrapped(line: str, room: int) -> list[str] | None:
    """The line in two or three, full ones that end where brackets are not deep; None where that takes more."""
    places = list(_breaks(line)) if len(line) <= _LINES * room else []
    for count in range(1, _LINES):
        fitting = [chosen for chosen in combinations(places, count) if _fits(line, chosen, room)]
        if fitting:
            return _parts(line, min(fitting, key=lambda chosen: _badness(line, chosen, room)))
    return None


def _badness(line: str, chosen: Sequence[_Break], room: int) -> float:
    empty = sum(room - len(part) for part in _parts(line, chosen)[:-1])
    return sum(place.cost for place in chosen) + _EMPTY_LINE * empty / room


def _parts(line: str, chosen: Sequence[_Break]) -> list[str]:
    starts = [0, *(place.start for place in chosen)]
    ends = [*(place.end for place in chosen), len(line)]
    return [line[start:end] for start, end in zip(starts, ends, strict=True)]


def _fits(line: str, chosen: Sequence[_Break], room: int) -> bool:
    return all(
        0 < len(part) <= room - (len(_INDENT) if position else 0) for position, part in enumerate(_parts(line, chosen))
    )


def _cut(line: str, room: int) -> list[str]:
    """The beginning of a line that is too long, in three lines."""
    parts: list[str] = []
    start = 0
    for position in range(_LINES):
        left = room - (len(_INDENT) if position else 0)
        shown = left - len(" ...")
        most = shown if position == _LINES - 1 else left
        ends = [place for place in _breaks(line) if start < place.end <= start + most]
        if not ends:
            parts.append(line[start : start + shown].rstrip())
            break
        parts.append(line[start : ends[-1].end])
        start = ends[-1].start
    parts[-1] += " ..."
    return parts
