"""Chains of attributes, calls and subscripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import libcst as cst

from . import expressions
from .document import SOFT, Document, group
from .place import Place, UnknownSyntax, bracketed, comma_separated
from .shape import Chain, Expression, Text, chain_value, is_fluent, is_multiline, is_parenthesized, string_parts

ChainStyle = Literal["fluent", "plain"]


def chain(node: Chain, at: Place, style: ChainStyle | None = None) -> Document:
    """An attribute, call or subscript; `style` is that of the chain that it is the beginning of."""
    own = style or ("fluent" if at.parentheses is not None and is_fluent(node) else "plain")
    value = chain_value(node)
    start: Document
    if is_parenthesized(value) or (isinstance(node, cst.Attribute) and _is_decimal(value)):
        start = expressions.parenthesized(value, at)
    elif isinstance(value, Chain):
        passed = None if isinstance(node, cst.Attribute) and own == "plain" else own
        start = chain(value, at, passed)
    else:
        start = expressions.bare(value, at)
    parts = (start, chain_step(node, at, own))
    return group(parts) if style is None and own == "fluent" else parts


def chain_step(node: Chain, at: Place, style: ChainStyle) -> Document:
    match node:
        case cst.Attribute():
            may_break = (
                is_parenthesized(node.value)
                or _is_decimal(node.value)
                or isinstance(node.value, cst.Call | cst.Subscript)
            )
            dot = (SOFT, ".") if style == "fluent" and may_break else "."
            return (dot, node.attr.value)
        case cst.Call():
            return arguments(node.args, at)
        case cst.Subscript():
            return bracketed("[", subscript_index(node, at.enclosed), "]", at)


def _is_decimal(node: Expression) -> bool:
    return isinstance(node, cst.Float) or (
        isinstance(node, cst.Integer) and node.value[:2].lower() not in ("0x", "0o", "0b")
    )


def arguments(args: Sequence[cst.Arg], at: Place) -> Document:
    if not args:
        return "()"
    if len(args) == 1 and isinstance(args[0].value, cst.GeneratorExp) and args[0].keyword is None and not args[0].star:
        return bracketed("(", group(expressions.bare(args[0].value, at.enclosed)), ")", at)
    content = group(comma_separated([argument(arg, at.enclosed) for arg in args]))
    return bracketed("(", content, ")", at, hugging=_is_multiline_string(args))


def _is_multiline_string(args: Sequence[cst.Arg]) -> bool:
    """Whether the only argument is a string of several lines, which starts directly after the parenthesis."""
    only = args[0]
    is_string = isinstance(only.value, cst.SimpleString | cst.FormattedString) and is_multiline(only.value)
    is_bare = only.keyword is None and not only.star and not is_parenthesized(only.value)
    return len(args) == 1 and is_bare and is_string


def argument(arg: cst.Arg, at: Place) -> Document:
    if arg.keyword is not None:
        return (arg.keyword.value, "=", expressions.expression(arg.value, at))
    value = expressions.expression(arg.value, at)
    return (arg.star, value) if arg.star else value


def subscript_index(node: cst.Subscript, at: Place) -> Document:
    items = [index_item(item.slice, at) for item in node.slice]
    if len(items) == 1:
        is_tuple = isinstance(node.slice[0].comma, cst.Comma)
        return (items[0], ",") if is_tuple else items[0]
    return group(comma_separated(items))


def index_item(node: cst.BaseSlice, at: Place) -> Document:
    if isinstance(node, cst.Index):
        value = expressions.expression(node.value, at)
        return (node.star, value) if node.star else value
    if not isinstance(node, cst.Slice):
        raise UnknownSyntax
    lower, upper, step = node.lower, node.upper, node.step
    spaced = not all(part is None or _is_simple_bound(part) for part in (lower, upper, step))
    space = " " if spaced else ""
    parts: list[Document] = []
    if lower is not None:
        parts += [expressions.expression(lower, at), space]
    parts.append(":")
    if upper is not None:
        parts += [space, expressions.expression(upper, at)]
    if isinstance(node.second_colon, cst.Colon):
        parts.append(space if upper is not None or step is None else "")
        parts.append(":")
        if step is not None:
            parts += [space, expressions.expression(step, at)]
    return tuple(parts)


def _is_simple_bound(node: Expression) -> bool:
    if isinstance(node, cst.UnaryOperation) and not isinstance(node.operator, cst.Not):
        return _is_simple_bound(node.expression)
    if isinstance(node, Text):
        return not any(isinstance(part, cst.FormattedString) for part in string_parts(node))
    return isinstance(node, cst.Name | cst.Integer | cst.Float | cst.Imaginary | cst.Ellipsis)
