"""Assignments and returns: whether the value is parenthesized, or something in front of it is broken."""

from __future__ import annotations

import libcst as cst

from .document import (
    HARD,
    BestFitParentheses,
    BestFitting,
    Document,
    GroupId,
    IfBroken,
    Indent,
    group,
    is_forced_to_break,
    parenthesize_if_broken,
    soft_block,
)
from .expressions import bare, expression, optional_parentheses, tuple_display, wrapped
from .functions import lambda_function
from .literals import concatenated_parts, joined_text
from .place import Place
from .shape import (
    Chain,
    Expression,
    Needs,
    Parent,
    can_omit_parentheses,
    can_split,
    has_own_parentheses,
    has_parentheses,
    is_multiline,
    is_parenthesized,
    needs_parentheses,
)


def assignment(node: cst.Assign, comment: Document, at: Place) -> Document:
    targets = [item.target for item in node.targets]
    first, last = targets[0], targets[-1]
    if len(targets) > 1:
        head: list[Document] = [expression(first, at), " = "]
        for target in targets[1:-1]:
            content = (
                parenthesize_if_broken(bare(target, at.enclosed)) if _may_be_parenthesized(target) else bare(target, at)
            )
            head += [content, " = "]
        return (*head, assigned_right_to_left(before_operator(last, at), "=", node.value, comment, at))
    if _breaks_in_own_parentheses(first) and not is_parenthesized(first):
        return assigned_right_to_left(before_operator(first, at), "=", node.value, comment, at)
    return (expression(first, at), " = ", last_value(node.value, "assignment", comment, at))


def annotated_assignment(node: cst.AnnAssign, comment: Document, at: Place) -> Document:
    target = (expression(node.target, at), ": ")
    annotation = node.annotation.annotation
    if node.value is None:
        return (target, last_value(annotation, "assignment", comment, at))
    if not can_split(annotation):
        return (target, bare(annotation, at), " = ", last_value(node.value, "assignment", comment, at))
    return (target, assigned_right_to_left(before_operator(annotation, at), "=", node.value, comment, at))


def augmented_assignment(node: cst.AugAssign, comment: Document, at: Place) -> Document:
    operator = AUGMENTED_OPERATORS[type(node.operator)]
    if _breaks_in_own_parentheses(node.target) and not is_parenthesized(node.target):
        return assigned_right_to_left(before_operator(node.target, at), operator, node.value, comment, at)
    return (expression(node.target, at), f" {operator} ", last_value(node.value, "assignment", comment, at))


AUGMENTED_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.AddAssign: "+=",
    cst.SubtractAssign: "-=",
    cst.MultiplyAssign: "*=",
    cst.MatrixMultiplyAssign: "@=",
    cst.DivideAssign: "/=",
    cst.ModuloAssign: "%=",
    cst.FloorDivideAssign: "//=",
    cst.PowerAssign: "**=",
    cst.BitAndAssign: "&=",
    cst.BitOrAssign: "|=",
    cst.BitXorAssign: "^=",
    cst.LeftShiftAssign: "<<=",
    cst.RightShiftAssign: ">>=",
}


def returned(node: cst.Return, comment: Document, at: Place) -> Document:
    if node.value is None:
        return ("return", comment)
    if isinstance(node.value, cst.Tuple):
        return ("return ", tuple_display(node.value, at, "returned"), comment)
    return ("return ", last_value(node.value, "statement", comment, at))


def _is_unsplittable(node: Expression) -> bool:
    """Whether a value has no place to break at, so that the comment after it moves into its parentheses."""
    match node:
        case cst.Name() | cst.Integer() | cst.Float() | cst.Imaginary():
            return True
        case cst.SimpleString() | cst.FormattedString():
            return not is_multiline(node)
    return False


def last_value(value: Expression, parent: Parent, comment: Document, at: Place) -> Document:
    """A value at the end of a statement: parenthesized if that makes it fit."""
    joined = joined_text(value, at)
    if joined is None and not _is_unsplittable(value):
        return (splittable_value(value, parent, at), comment)
    id = GroupId()
    if joined is None:
        inside = (bare(value, at.within(id)), IfBroken(comment))
        return (BestFitParentheses(inside, id), IfBroken("", comment, id))
    assert isinstance(value, cst.ConcatenatedString)
    parts = concatenated_parts(value, at.within(id))
    return BestFitting(
        (
            (joined, comment),
            group("(", soft_block((joined, comment)), ")", id=id, expand=True),
            group("(", Indent((HARD, parts)), HARD, ")", comment, id=id, expand=True),
        ),
        all_lines=True,
    )


def splittable_value(value: Expression, parent: Parent, at: Place) -> Document:
    if isinstance(value, cst.Lambda):  # its body is parenthesized in preference to itself
        return optional_parentheses(lambda inside: lambda_function(value, inside, assigned=True), at)
    return wrapped(value, parent, at)


def assigned_right_to_left(
    target: Document, operator: str, value: Expression, comment: Document, at: Place
) -> Document:
    """An assignment whose target could be broken, too: the value is broken or parenthesized in preference to that."""
    operator = f" {operator} "
    joined = joined_text(value, at)
    is_chain = isinstance(value, Chain) and needs_parentheses(value, "assignment") is Needs.IF_THEY_HELP
    if joined is None and not is_chain and not _is_unsplittable(value):
        return (target, operator, splittable_value(value, "assignment", at), comment)
    inner, outer = ("", comment) if is_chain else (comment, "")
    if joined is None and is_forced_to_break(target):
        return (target, operator, bare(value, at), inner, outer)
    content = bare(value, at) if joined is None else joined
    flat = (target, operator, content, inner)
    in_parentheses = ("(", group(soft_block((content, inner)), expand=True), ")")
    split_target = group(target, expand=True)
    variants: list[Document] = [flat]
    if is_chain:
        variants.append((target, operator, group(content, expand=True)))
    variants.append((target, operator, in_parentheses))
    if joined is None:
        variants.append((split_target, operator, content, inner))
        return (BestFitting(tuple(variants)), outer)
    assert isinstance(value, cst.ConcatenatedString)
    id = GroupId()
    parts = ("(", group(soft_block(concatenated_parts(value, at.within(id))), id=id, expand=True), ")", inner)
    variants += [
        (target, operator, parts),
        (split_target, operator, content, inner),
        (split_target, operator, in_parentheses),
        (split_target, operator, parts),
    ]
    return BestFitting(tuple(variants), all_lines=True)


def before_operator(target: Expression, at: Place) -> Document:
    """What stands in front of the assignment's operator: the last target, or the annotation."""
    if not _may_be_parenthesized(target):
        return bare(target, at)
    if can_omit_parentheses(target):
        return optional_parentheses(lambda inside: bare(target, inside), at)
    return parenthesize_if_broken(bare(target, at.enclosed))


def _breaks_in_own_parentheses(target: Expression) -> bool:
    return isinstance(target, cst.Tuple) or has_own_parentheses(target) is not None


def _may_be_parenthesized(target: Expression) -> bool:
    return not (_breaks_in_own_parentheses(target) or _contains_brackets(target))


def _contains_brackets(target: Expression) -> bool:
    match target:
        case cst.Attribute():
            return has_parentheses(target.value) is not None or _contains_brackets(target.value)
        case cst.Subscript():
            return True
        case cst.Call():
            return bool(target.args)
    return False
