"""Names' siblings: numbers, strings, f-strings and implicitly concatenated strings."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from . import expressions
from .document import Document, IfBroken, flat_text
from .place import Place, UnknownSyntax, grouped, line_or_space
from .shape import Expression, is_multiline, string_parts
from .strings import (
    Quote,
    Spelling,
    choose_quote,
    normal_content,
    normal_float,
    normal_imaginary,
    normal_integer,
    normal_string,
    preferred_quote,
    split_literal,
)

StringPart = cst.SimpleString | cst.FormattedString


def literal(node: Expression, at: Place) -> Document:
    match node:
        case cst.Integer():
            return normal_integer(node.value)
        case cst.Float():
            return normal_float(node.value)
        case cst.Imaginary():
            return normal_imaginary(node.value)
        case cst.Ellipsis():
            return "..."
        case cst.SimpleString() | cst.FormattedString():
            return string_text(node, at)
        case cst.ConcatenatedString():
            return grouped(concatenated(node, at), at)
    raise UnknownSyntax


def string_text(node: StringPart, at: Place) -> str:
    if isinstance(node, cst.SimpleString):
        return normal_string(node.value, at.quote)
    spelling = format_spelling(node)
    if not _keeps_quotes(node):
        preferred = preferred_quote(None if spelling.is_triple else at.quote)
        spelling = spelling.with_quote(choose_quote(spelling, literal_texts(node.parts), preferred))
    return spelling.wrap(pieces_text(node.parts, spelling, at))


def format_spelling(node: cst.FormattedString) -> Spelling:
    return split_literal(node.start + node.end)[0]


def literal_texts(pieces: Sequence[cst.BaseFormattedStringContent]) -> list[str]:
    """The pieces of text of an f-string outside of its expressions, which alone decide about its quotes."""
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, cst.FormattedStringText):
            texts.append(piece.value)
        elif isinstance(piece, cst.FormattedStringExpression) and piece.format_spec is not None:
            texts += literal_texts(piece.format_spec)
    return texts


def _keeps_quotes(node: cst.FormattedString) -> bool:
    """Whether an f-string repeats source text with quotes in it (`f"{x['a']=}"`), so that its own have to stay."""
    for piece in node.parts:
        if isinstance(piece, cst.FormattedStringExpression) and piece.equal is not None:
            source = cst.Module([]).code_for_node(piece.expression)
            if "'" in source or '"' in source:
                return True
    return False


def pieces_text(pieces: Sequence[cst.BaseFormattedStringContent], spelling: Spelling, at: Place) -> str:
    texts: list[str] = []
    for piece in pieces:
        if isinstance(piece, cst.FormattedStringText):
            texts.append(normal_content(piece.value, spelling))
        elif isinstance(piece, cst.FormattedStringExpression):
            texts.append(replacement_field(piece, spelling, at))
        else:
            raise UnknownSyntax
    return "".join(texts)


def replacement_field(piece: cst.FormattedStringExpression, spelling: Spelling, at: Place) -> str:
    conversion = "" if piece.conversion is None else f"!{piece.conversion}"
    if piece.equal is not None:
        module = cst.Module([])
        parts = (piece.whitespace_before_expression, piece.expression, piece.equal)
        value = "".join(module.code_for_node(part) for part in parts) + module.code_for_node(
            piece.whitespace_after_expression
        )
        spec = "" if piece.format_spec is None else ":" + "".join(map(module.code_for_node, piece.format_spec))
        return "{" + value + conversion + spec + "}"
    inside = Place("certain", quote_inside(spelling, at))
    value = flat_text(expressions.expression(piece.expression, inside))
    before = " " if value.startswith("{") else ""
    after = before if piece.conversion is None and piece.format_spec is None else ""
    spec = "" if piece.format_spec is None else ":" + pieces_text(piece.format_spec, spelling, at)
    return "{" + before + value + conversion + spec + after + "}"


def quote_inside(spelling: Spelling, at: Place) -> Quote | None:
    return at.quote if spelling.is_triple else spelling.quote


def concatenated(node: cst.ConcatenatedString, at: Place) -> Document:
    """Implicitly concatenated strings: one string if it fits on the line, else one line for each."""
    joined = joined_text(node, at)
    if joined is not None and at.parentheses is None:
        return joined
    parts = concatenated_parts(node, at)
    return parts if joined is None else IfBroken(parts, joined)


def concatenated_parts(node: cst.ConcatenatedString, at: Place) -> Document:
    texts: list[Document] = []
    for index, part in enumerate(string_parts(node)):
        if index:
            texts.append(line_or_space(at))
        texts.append(string_text(part, at))
    return tuple(texts)


def joined_text(node: Expression, at: Place) -> str | None:
    """The one string that an implicitly concatenated string can be written as."""
    if not isinstance(node, cst.ConcatenatedString) or is_multiline(node):
        return None
    parts = string_parts(node)
    spellings = [_spelling(part) for part in parts]
    if any(spelling.is_raw or spelling.is_triple for spelling in spellings):
        return None
    kept = {_spelling(part).quote for part in parts if isinstance(part, cst.FormattedString) and _keeps_quotes(part)}
    if len(kept) > 1:
        return None
    is_format = any(isinstance(part, cst.FormattedString) for part in parts)
    prefix = "f" if is_format else "b" if spellings[0].is_bytes else ""
    texts = [text for part in parts for text in _texts(part)]
    spelling = Spelling(prefix, '"')
    quote = kept.pop() if kept else choose_quote(spelling, texts, preferred_quote(at.quote))
    spelling = spelling.with_quote(quote)
    contents = [_joined_content(part, spelling, is_format, at) for part in parts]
    return spelling.wrap("".join(contents))


def _texts(part: StringPart) -> list[str]:
    return literal_texts(part.parts) if isinstance(part, cst.FormattedString) else [split_literal(part.value)[1]]


def _spelling(part: StringPart) -> Spelling:
    return split_literal(part.value)[0] if isinstance(part, cst.SimpleString) else format_spelling(part)


def _joined_content(part: StringPart, spelling: Spelling, is_format: bool, at: Place) -> str:
    if isinstance(part, cst.FormattedString):
        return pieces_text(part.parts, spelling, at)
    content = normal_content(split_literal(part.value)[1], spelling)
    return _escaped_braces(content) if is_format else content


def _escaped_braces(content: str) -> str:
    pieces = content.split("\\N{")
    doubled = [pieces[0].replace("{", "{{").replace("}", "}}")]
    for piece in pieces[1:]:  # the braces of a character's name stay single
        name, brace, rest = piece.partition("}")
        doubled.append(name + brace + rest.replace("{", "{{").replace("}", "}}"))
    return "\\N{".join(doubled)
