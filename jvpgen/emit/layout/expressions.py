"""From an expression to its layout document.

`at` says where the expression stands: at the line's top level, inside brackets, or inside parentheses that appear only
if the line breaks. An operator may start a new line in the last two places only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import libcst as cst

from . import chains, functions, literals, operators
from .document import (
    SOFT,
    SPACE,
    BestFitParentheses,
    Document,
    GroupId,
    IfBroken,
    Indent,
    group,
    parenthesize_if_broken,
)
from .place import Place, bracketed, comma_separated, line_or_space
from .shape import Expression, Needs, Parent, can_omit_parentheses, is_parenthesized, needs_parentheses


def expression(node: Expression, at: Place) -> Document:
    """The expression, with the parentheses that it has in the source."""
    return parenthesized(node, at) if is_parenthesized(node) else bare(node, at)


def parenthesized(node: Expression, at: Place) -> Document:
    return bracketed("(", bare(node, at.enclosed), ")", at)


def wrapped(
    node: Expression,
    parent: Parent,
    at: Place,
    style: Literal["if broken", "as written", "prefer brackets", "nested", "if required"] = "if broken",
) -> Document:
    """The expression as a value or condition: in parentheses where they are needed or make it fit."""
    if style == "as written" and is_parenthesized(node):
        return parenthesized(node, at)
    needs = needs_parentheses(node, parent)
    if needs is Needs.ALWAYS:
        return parenthesized(node, at)
    if at.parentheses is not None:
        return parenthesize_if_broken(bare(node, at.enclosed)) if style == "nested" else bare(node, at)
    if needs is Needs.NEVER or style == "if required" or (needs is Needs.IF_THEY_HELP and style == "as written"):
        return bare(node, at)
    if needs is Needs.IF_THEY_HELP and style == "if broken":
        id = GroupId()
        return BestFitParentheses(bare(node, at.within(id)), id)
    if can_omit_parentheses(node):
        return optional_parentheses(lambda inside: bare(node, inside.kept if style == "as written" else inside), at)
    return parenthesize_if_broken(bare(node, at.enclosed))


def optional_parentheses(content: Callable[[Place], Document], at: Place) -> Document:
    """Parentheses for content that does not even fit with its own brackets broken."""
    id = GroupId()
    inside = content(at.within(id))
    return group(IfBroken("("), Indent((SOFT, inside), only_if_broken=id), SOFT, IfBroken(")"), id=id)


def bare(node: Expression, at: Place) -> Document:
    """The expression without the parentheses around it."""
    match node:
        case cst.Name():
            return node.value
        case cst.Attribute() | cst.Call() | cst.Subscript():
            return chains.chain(node, at)
        case cst.BinaryOperation() | cst.BooleanOperation() | cst.Comparison():
            return operators.operation(node, at)
        case cst.UnaryOperation():
            return operators.unary(node, at)
        case cst.IfExp():
            return operators.conditional(node, at)
        case cst.Tuple():
            return tuple_display(node, at)
        case cst.List():
            return bracketed("[", sequence(node, at), "]", at) if node.elements else "[]"
        case cst.Set():
            return bracketed("{", sequence(node, at), "}", at)
        case cst.Dict():
            items = comma_separated([dict_item(item, at.enclosed) for item in node.elements])
            return bracketed("{", items, "}", at) if node.elements else "{}"
        case cst.ListComp():
            return bracketed("[", comprehension(node, at.enclosed), "]", at)
        case cst.SetComp():
            return bracketed("{", comprehension(node, at.enclosed), "}", at)
        case cst.DictComp():
            return bracketed("{", dict_comprehension(node, at.enclosed), "}", at)
        case cst.GeneratorExp():
            return bracketed("(", comprehension(node, at.enclosed), ")", at) if node.lpar else comprehension(node, at)
        case cst.Lambda():
            return functions.lambda_function(node, at)
        case cst.NamedExpr():
            return (group(expression(node.target, at), line_or_space(at)), ":= ", expression(node.value, at))
        case cst.Await():
            return ("await ", wrapped(node.expression, "await", at, "if required"))
        case cst.Yield():
            return yielded(node, at)
    return literals.literal(node, at)


def yielded(node: cst.Yield, at: Place) -> Document:
    if node.value is None:
        return "yield"
    if isinstance(node.value, cst.From):
        return ("yield from ", wrapped(node.value.item, "statement", at, "as written"))
    return ("yield ", wrapped(node.value, "statement", at, "as written"))


# Displays and comprehensions


def element(node: cst.BaseElement, at: Place) -> Document:
    star = "*" if isinstance(node, cst.StarredElement) else ""
    return (star, expression(node.value, at)) if star else expression(node.value, at)


def sequence(node: cst.Tuple | cst.List | cst.Set, at: Place) -> Document:
    return comma_separated([element(item, at.enclosed) for item in node.elements])


def dict_item(node: cst.BaseDictElement, at: Place) -> Document:
    if isinstance(node, cst.DictElement):
        return group(expression(node.key, at), ": ", expression(node.value, at))
    return group("**", expression(node.value, at))


def tuple_display(node: cst.Tuple, at: Place, style: Literal["value", "returned", "target"] = "value") -> Document:
    """A tuple. A loop's target loses its parentheses; other tuples keep theirs, or get them if they break."""
    if not node.elements:
        return "()"
    if len(node.elements) == 1:
        return bracketed("(", (element(node.elements[0], at.enclosed), ","), ")", at)
    if node.lpar and style != "target":
        return bracketed("(", sequence(node, at), ")", at)
    if style == "target" or (style == "returned" and len(node.elements) == 2):
        items = node.elements
        return optional_parentheses(lambda inside: comma_separated([element(item, inside.kept) for item in items]), at)
    return parenthesize_if_broken(sequence(node, at))


def comprehension(node: cst.ListComp | cst.SetComp | cst.GeneratorExp, at: Place) -> Document:
    return group(group(expression(node.elt, at)), SPACE, comprehension_clauses(node.for_in, at))


def dict_comprehension(node: cst.DictComp, at: Place) -> Document:
    item = (group(expression(node.key, at)), ": ", expression(node.value, at))
    return group(item, SPACE, comprehension_clauses(node.for_in, at))


def comprehension_clauses(clause: cst.CompFor, at: Place) -> Document:
    parts: list[Document] = ["async for " if clause.asynchronous else "for "]
    target = clause.target
    if isinstance(target, cst.Tuple) and not target.lpar and len(target.elements) > 1:
        for index, item in enumerate(target.elements):
            parts.append((", " if index else "", element(item, at)))
    else:
        parts.append(expression(target, at))
    parts += [" in ", expression(clause.iter, at)]
    for condition in clause.ifs:
        parts += [SPACE, "if ", expression(condition.test, at)]
    if clause.inner_for_in is not None:
        parts += [SPACE, comprehension_clauses(clause.inner_for_in, at)]
    return tuple(parts)
