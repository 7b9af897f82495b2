"""The parameters of functions, and lambdas."""

from __future__ import annotations

import libcst as cst

from . import expressions
from .document import (
    BestFitting,
    Document,
    ForcedBreak,
    fits_expanded,
    flat_text,
    group,
    is_forced_to_break,
    parenthesize_if_broken,
    soft_block,
)
from .place import Place, comma_separated
from .shape import Expression, has_own_parentheses, is_fluent


def lambda_function(node: cst.Lambda, at: Place, *, assigned: bool = False) -> Document:
    """A lambda: its parameters stay on one line, its body gets parentheses if it breaks."""
    names = flat_text(comma_separated(parameters(node.params, at.enclosed)))
    body = lambda_body(node.body, at)
    return ("lambda", " " if names else "", names, ": ", fits_expanded(body) if assigned else body)


def lambda_body(body: Expression, at: Place) -> Document:
    if isinstance(body, cst.Call | cst.Subscript) and not is_fluent(body):
        content = expressions.bare(body, at)
        forced: Document = ForcedBreak() if is_forced_to_break(content) else ""
        in_parentheses = ("(", group(soft_block(content), expand=True), ")")
        return (forced, BestFitting((content, group(content, expand=True), in_parentheses)))
    is_display = has_own_parentheses(body) is not None and not isinstance(body, cst.Call | cst.Subscript)
    if is_display or isinstance(body, cst.NamedExpr | cst.Yield):
        return expressions.expression(body, at)
    return parenthesize_if_broken(expressions.bare(body, at.enclosed))


def parameters(node: cst.Parameters, at: Place) -> list[Document]:
    result = [parameter(item, at) for item in node.posonly_params]
    if node.posonly_params:
        result.append("/")
    result += [parameter(item, at) for item in node.params]
    if isinstance(node.star_arg, cst.Param):
        result.append(("*", parameter(node.star_arg, at)))
    elif isinstance(node.star_arg, cst.ParamStar):
        result.append("*")
    result += [parameter(item, at) for item in node.kwonly_params]
    if node.star_kwarg is not None:
        result.append(("**", parameter(node.star_kwarg, at)))
    return result


def parameter(node: cst.Param, at: Place) -> Document:
    parts: list[Document] = [node.name.value]
    if node.annotation is not None:
        parts += [": ", expressions.expression(node.annotation.annotation, at)]
    if node.default is not None:
        space = "" if node.annotation is None else " "
        parts += [space, "=", space, group(expressions.expression(node.default, at))]
    return tuple(parts)
