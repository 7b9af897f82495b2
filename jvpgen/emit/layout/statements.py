"""From a simple statement or the header of a compound one to its layout document, the comment at its end included."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from .assignments import annotated_assignment, assignment, augmented_assignment, returned
from .chains import arguments
from .document import Document, group, parenthesize_if_broken, soft_block
from .expressions import bare, expression, optional_parentheses, tuple_display, wrapped
from .functions import parameters
from .place import Place, UnknownSyntax, comma_separated
from .shape import Expression, Needs, can_omit_parentheses, is_parenthesized, needs_parentheses


def simple_statement(node: cst.BaseSmallStatement, comment: Document, at: Place) -> Document:
    match node:
        case cst.Expr():
            return (expression_statement(node.value, at), comment)
        case cst.Assign():
            return assignment(node, comment, at)
        case cst.AnnAssign():
            return annotated_assignment(node, comment, at)
        case cst.AugAssign():
            return augmented_assignment(node, comment, at)
        case cst.Return():
            return returned(node, comment, at)
    return (other_statement(node, at), comment)


def other_statement(node: cst.BaseSmallStatement, at: Place) -> Document:
    match node:
        case cst.Pass():
            return "pass"
        case cst.Break():
            return "break"
        case cst.Continue():
            return "continue"
        case cst.Raise():
            return raised(node, at)
        case cst.Assert():
            test = ("assert ", wrapped(node.test, "statement", at))
            return test if node.msg is None else (test, ", ", wrapped(node.msg, "statement", at, "prefer brackets"))
        case cst.Del():
            return deleted(node, at)
        case cst.Global() | cst.Nonlocal():
            keyword = "global " if isinstance(node, cst.Global) else "nonlocal "
            return keyword + ", ".join(item.name.value for item in node.names)
        case cst.Import():
            return "import " + ", ".join(map(import_alias, node.names))
        case cst.ImportFrom():
            return import_from(node)
    raise UnknownSyntax


def expression_statement(node: Expression, at: Place) -> Document:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, WRAPPED_OPERATORS):
        return wrapped(node, "condition", at, "as written")
    return expression(node, at)


# A statement that is nothing but an operation is parenthesized for the sake of these operators only.
WRAPPED_OPERATORS = (cst.Add, cst.Subtract, cst.LeftShift, cst.RightShift, cst.BitOr, cst.BitXor)


def raised(node: cst.Raise, at: Place) -> Document:
    if node.exc is None:
        return "raise"
    error = ("raise ", wrapped(node.exc, "statement", at, "as written"))
    if node.cause is None:
        return error
    return (error, " from ", wrapped(node.cause.item, "statement", at, "as written"))


def deleted(node: cst.Del, at: Place) -> Document:
    target = node.target
    if isinstance(target, cst.Tuple) and not target.lpar and len(target.elements) > 1:
        items = comma_separated([expression(element.value, at.enclosed) for element in target.elements])
        return ("del ", parenthesize_if_broken(items))
    return ("del ", wrapped(target, "statement", at))


def import_alias(node: cst.ImportAlias) -> str:
    name = dotted_name(node.name)
    return name if node.asname is None else f"{name} as {dotted_name(node.asname.name)}"


def dotted_name(node: cst.CSTNode) -> str:
    match node:
        case cst.Name():
            return node.value
        case cst.Attribute():
            return f"{dotted_name(node.value)}.{node.attr.value}"
    raise UnknownSyntax


def import_from(node: cst.ImportFrom) -> Document:
    source = "." * len(node.relative) + ("" if node.module is None else dotted_name(node.module))
    start = f"from {source} import "
    if isinstance(node.names, cst.ImportStar):
        return start + "*"
    names = comma_separated([import_alias(name) for name in node.names], comma_after_one=True)
    return (start, parenthesize_if_broken(names))


# Headers of compound statements


def function_header(node: cst.FunctionDef, at: Place) -> Document:
    if node.type_parameters is not None:
        raise UnknownSyntax
    start = ("async " if node.asynchronous else "") + f"def {node.name.value}"
    items = parameters(node.params, at.enclosed)
    names: Document = "()"
    if items:
        content = comma_separated(items, comma_after_one=True)
        names = ("(", soft_block(group(content) if len(items) > 1 else content), ")")
    if node.returns is None:
        return (start, group(names), ":")
    return (start, group(names, " -> ", return_annotation(node.returns.annotation, bool(items), at)), ":")


def return_annotation(node: Expression, has_parameters: bool, at: Place) -> Document:
    if isinstance(node, cst.Tuple):
        return bare(node, at)
    style = needs_parentheses(node, "statement")
    if isinstance(node, cst.Subscript) and style is Needs.IF_THEY_HELP and not is_parenthesized(node):
        if has_parameters:
            return bare(node, at)
        if can_omit_parentheses(node):
            return optional_parentheses(lambda inside: bare(node, inside), at)
        return parenthesize_if_broken(bare(node, at.enclosed))
    return wrapped(node, "statement", at, "if broken" if has_parameters else "prefer brackets")


def class_header(node: cst.ClassDef, at: Place) -> Document:
    if node.type_parameters is not None:
        raise UnknownSyntax
    bases = [*node.bases, *node.keywords]
    return (f"class {node.name.value}", arguments(bases, at) if bases else "", ":")


def decorator(node: cst.Decorator, at: Place) -> Document:
    return ("@", wrapped(node.decorator, "statement", at, "as written"))


def condition_header(keyword: str, test: Expression, at: Place) -> Document:
    return (f"{keyword} ", wrapped(test, "condition", at), ":")


def for_header(node: cst.For, at: Place) -> Document:
    target = node.target
    names = tuple_display(target, at, "target") if isinstance(target, cst.Tuple) else wrapped(target, "statement", at)
    start = "async for " if node.asynchronous else "for "
    return (start, names, " in ", wrapped(node.iter, "statement", at), ":")


def except_header(node: cst.ExceptHandler | cst.ExceptStarHandler, at: Place) -> Document:
    start = "except*" if isinstance(node, cst.ExceptStarHandler) else "except"
    if node.type is None:
        return start + ":"
    name = "" if node.name is None else f" as {dotted_name(node.name.name)}"
    return (start, " ", wrapped(node.type, "statement", at), name, ":")


def with_header(node: cst.With, at: Place) -> Document:
    start = "async with " if node.asynchronous else "with "
    return (start, with_items(node.items, at), ":")


def with_items(items: Sequence[cst.WithItem], at: Place) -> Document:
    if len(items) == 1:
        item = items[0]
        if item.asname is None or is_parenthesized(item.item):
            return (wrapped(item.item, "statement", at), _as_name(item, at))
        if can_omit_parentheses(item.item):
            return optional_parentheses(lambda inside: with_item(item, inside, is_single=True), at)
        return parenthesize_if_broken(with_item(item, at.enclosed, is_single=True))
    contents = [with_item(item, at.enclosed, is_single=False) for item in items]
    return parenthesize_if_broken(comma_separated(contents))


def with_item(item: cst.WithItem, at: Place, *, is_single: bool) -> Document:
    if is_parenthesized(item.item) and (item.asname is not None or not is_single):
        return (wrapped(item.item, "statement", at, "nested"), _as_name(item, at))
    return (bare(item.item, at), _as_name(item, at))


def _as_name(item: cst.WithItem, at: Place) -> Document:
    return "" if item.asname is None else (" as ", expression(item.asname.name, at))
