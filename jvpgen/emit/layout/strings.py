"""The spelling of literals: string prefixes, quotes and escapes, numbers, and the indentation of docstrings.

What enters is the text of a literal as it stands in the source; what leaves is the same literal in its normal spelling.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Quote = Literal['"', "'"]

_LITERAL = re.compile(r"""(?P<prefix>[A-Za-z]*)(?P<quotes>'''|\"\"\"|'|\")""")


@dataclass(frozen=True)
class Spelling:
    """How a string literal is written: its prefix and the quotes around it."""

    prefix: str
    quotes: str

    @property
    def quote(self) -> Quote:
        return '"' if self.quotes[0] == '"' else "'"

    @property
    def is_triple(self) -> bool:
        return len(self.quotes) == 3

    @property
    def is_raw(self) -> bool:
        return "r" in self.prefix.lower()

    @property
    def is_bytes(self) -> bool:
        return "b" in self.prefix.lower()

    def with_quote(self, quote: Quote) -> Spelling:
        return Spelling(self.prefix, quote * len(self.quotes))

    def wrap(self, content: str) -> str:
        return f"{self.prefix}{self.quotes}{content}{self.quotes}"


def split_literal(literal: str) -> tuple[Spelling, str]:
    """A string literal's spelling, with a normal prefix, and the text between its quotes."""
    match = _LITERAL.match(literal)
    assert match is not None, literal
    quotes = match["quotes"]
    return Spelling(normal_prefix(match["prefix"]), quotes), literal[match.end() : len(literal) - len(quotes)]


def normal_prefix(prefix: str) -> str:
    raw = "".join(letter for letter in prefix if letter in "rR")
    kind = "".join(letter for letter in prefix.lower() if letter in "bft")
    return raw + kind


def preferred_quote(outer: Quote | None) -> Quote:
    """The quote to write a literal with, unless it contains it: the other one than that of the f-string around it."""
    return "'" if outer == '"' else '"'


def choose_quote(spelling: Spelling, contents: Sequence[str], preferred: Quote) -> Quote:
    """The quote for a literal with these pieces of text: `preferred`, unless that needs more escapes."""
    if spelling.is_raw or spelling.is_triple:
        return (
            spelling.quote if any(_contains_quote(spelling, content, preferred) for content in contents) else preferred
        )
    single, double = (sum(content.count(quote) for content in contents) for quote in "'\"")
    return preferred if single == double else "'" if single < double else '"'


def _contains_quote(spelling: Spelling, content: str, quote: Quote) -> bool:
    if not spelling.is_triple:
        return quote in content
    bare = content if spelling.is_raw else re.sub(r"\\.", "", content, flags=re.DOTALL)
    return quote * 3 in bare or bare.endswith(quote)


def normal_string(literal: str, outer: Quote | None = None) -> str:
    """The string literal with the normal quotes, prefix and escapes; `outer` is the quote of an f-string around it."""
    spelling, content = split_literal(literal)
    spelling = spelling.with_quote(
        choose_quote(spelling, [content], preferred_quote(outer if not spelling.is_triple else None))
    )
    return spelling.wrap(normal_content(content, spelling))


_ESCAPE_OR_QUOTE = re.compile(
    r"""\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}|.)|['"]""",
    re.DOTALL,
)


def normal_content(content: str, spelling: Spelling) -> str:
    """The text between the quotes, for a literal that is going to be written with this spelling."""
    if spelling.is_raw:
        return content

    def normal(match: re.Match[str]) -> str:
        token = match[0]
        if token in ("'", '"'):
            return "\\" + token if token == spelling.quote and not spelling.is_triple else token
        kind = token[1]
        if kind in ("'", '"'):
            keep = kind == spelling.quote or spelling.is_triple
            return token if keep else kind
        if kind == "x" and len(token) > 2:
            return "\\x" + token[2:].lower()
        if kind in "uU" and len(token) > 2 and not spelling.is_bytes:
            return f"\\{kind}{token[2:].lower()}"
        if kind == "N" and len(token) > 2 and not spelling.is_bytes:
            return token.upper()
        return token

    return _ESCAPE_OR_QUOTE.sub(normal, content)


def normal_integer(literal: str) -> str:
    text = literal.lower()
    return "0x" + text[2:].upper() if text.startswith("0x") else text


def normal_float(literal: str) -> str:
    text = literal.lower()
    number, exponent_mark, exponent = text.partition("e")
    if number.startswith("."):
        number = "0" + number
    if number.endswith("."):
        number += "0"
    return number + exponent_mark + exponent.removeprefix("+")


def normal_imaginary(literal: str) -> str:
    text = literal.lower().removesuffix("j")
    return (normal_float(text) if re.search(r"[.e]", text) else text) + "j"


def normal_comment(comment: str) -> str:
    """The comment with one space after its `#`, and nothing but its text."""
    text = comment.rstrip()
    body = text[1:]
    if not body:
        return "#"
    return text if body[0] in " !:'" or body[0] == "#" else f"# {body}"


def normal_docstring(literal: str, indent: int) -> str:
    """The docstring literal with its lines indented by `indent` columns, or more where they were deeper."""
    text = normal_string(literal)
    spelling, content = split_literal(text)
    if re.search(r"\\\s*\n", content):
        return text
    first, *others = content.split("\n")
    first = first.strip()
    if first.startswith(spelling.quote):
        first = " " + first
    if not any(line.strip() for line in others):
        closing = " " if _needs_space_before_quotes(first, spelling) or (not first and content) else ""
        return spelling.wrap(first + closing)
    depths = [len(line) - len(line.lstrip()) for line in (line.expandtabs() for line in others) if line.strip()]
    shift = min(depths)
    lines = [first]
    for line in others[:-1]:
        stripped = line.expandtabs().rstrip()
        lines.append(" " * indent + stripped[shift:] if stripped else "")
    last = others[-1].expandtabs().rstrip()
    if last:
        last = " " * indent + last[shift:]
        lines.append(last + (" " if _needs_space_before_quotes(last, spelling) else ""))
    else:
        lines.append(" " * indent)
    return spelling.wrap("\n".join(lines))


def _needs_space_before_quotes(text: str, spelling: Spelling) -> bool:
    before = text.removesuffix(spelling.quote)
    is_escaped = (len(before) - len(before.rstrip("\\"))) % 2 == 1
    return is_escaped != (before != text)
