"""What the layout wants to know about an expression: its parentheses, its operators, and whether it may be wrapped.

Everything here only looks at the syntax tree; the answers steer the builders of documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Literal

import libcst as cst

Expression = cst.BaseExpression
Concatenated = cst.ConcatenatedString
Text = cst.SimpleString | cst.FormattedString | cst.ConcatenatedString
Chain = cst.Attribute | cst.Call | cst.Subscript
Operation = cst.BinaryOperation | cst.BooleanOperation | cst.Comparison

# What an expression is part of, as far as that decides about its parentheses.
Parent = Literal["assignment", "statement", "condition", "operand", "await"]


class Precedence(IntEnum):
    """How loosely an operator binds; lines are broken at the loosest operators first."""

    NONE = 0
    ATTRIBUTE = 1
    POWER = 2
    INVERT = 3
    MULTIPLY = 4
    ADD = 5
    SHIFT = 6
    BIT_AND = 7
    BIT_XOR = 8
    BIT_OR = 9
    COMPARE = 10
    BOOLEAN = 11
    CONDITIONAL = 12


BINARY_OPERATORS: dict[type[cst.CSTNode], tuple[str, Precedence]] = {
    cst.Power: ("**", Precedence.POWER),
    cst.Multiply: ("*", Precedence.MULTIPLY),
    cst.MatrixMultiply: ("@", Precedence.MULTIPLY),
    cst.Divide: ("/", Precedence.MULTIPLY),
    cst.Modulo: ("%", Precedence.MULTIPLY),
    cst.FloorDivide: ("//", Precedence.MULTIPLY),
    cst.Add: ("+", Precedence.ADD),
    cst.Subtract: ("-", Precedence.ADD),
    cst.LeftShift: ("<<", Precedence.SHIFT),
    cst.RightShift: (">>", Precedence.SHIFT),
    cst.BitAnd: ("&", Precedence.BIT_AND),
    cst.BitXor: ("^", Precedence.BIT_XOR),
    cst.BitOr: ("|", Precedence.BIT_OR),
    cst.And: ("and", Precedence.BOOLEAN),
    cst.Or: ("or", Precedence.BOOLEAN),
    cst.Equal: ("==", Precedence.COMPARE),
    cst.NotEqual: ("!=", Precedence.COMPARE),
    cst.LessThan: ("<", Precedence.COMPARE),
    cst.LessThanEqual: ("<=", Precedence.COMPARE),
    cst.GreaterThan: (">", Precedence.COMPARE),
    cst.GreaterThanEqual: (">=", Precedence.COMPARE),
    cst.In: ("in", Precedence.COMPARE),
    cst.NotIn: ("not in", Precedence.COMPARE),
    cst.Is: ("is", Precedence.COMPARE),
    cst.IsNot: ("is not", Precedence.COMPARE),
}


class Needs(Enum):
    """Whether parentheses belong around an expression that has none of its own."""

    ALWAYS = "always"
    IF_BROKEN = "if broken"
    IF_THEY_HELP = "if they help"
    NEVER = "never"


def is_parenthesized(node: Expression) -> bool:
    """Whether `node` stands in parentheses that are not its own (as those of a tuple are)."""
    if isinstance(node, cst.Tuple | cst.GeneratorExp):
        return len(node.lpar) > 1
    return len(node.lpar) > 0


def has_own_parentheses(node: Expression) -> Literal["empty", "filled"] | None:
    """Whether brackets are part of `node`, and whether they contain something."""
    match node:
        case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.Subscript():
            return "filled"
        case cst.GeneratorExp():
            return "filled" if node.lpar else None
        case cst.List() | cst.Set() | cst.Dict():
            return "filled" if node.elements else "empty"
        case cst.Tuple():
            return None if not node.lpar else "filled" if node.elements else "empty"
        case cst.Call():
            return "filled" if node.args else "empty"
    return None


def has_parentheses(node: Expression) -> Literal["empty", "filled"] | None:
    own = has_own_parentheses(node)
    return "filled" if is_parenthesized(node) else own


def chain_value(node: Chain) -> Expression:
    return node.func if isinstance(node, cst.Call) else node.value


def is_fluent(node: Expression) -> bool:
    """Whether a chain of attributes, calls and subscripts is long enough to be broken before its dots."""
    calls = 0
    while isinstance(node, Chain):
        value = chain_value(node)
        if is_parenthesized(value):
            return calls + isinstance(node, cst.Attribute) >= 2
        if isinstance(node, cst.Attribute) and isinstance(value, cst.Call | cst.Subscript):
            calls += 1
        node = value
    return calls >= 2


def string_parts(node: Text) -> tuple[cst.SimpleString | cst.FormattedString, ...]:
    if isinstance(node, cst.ConcatenatedString):
        return (*_single_parts(node.left), *_single_parts(node.right))
    return (node,)


def _single_parts(node: Expression) -> tuple[cst.SimpleString | cst.FormattedString, ...]:
    return string_parts(node) if isinstance(node, Text) else ()


def is_multiline(node: Text) -> bool:
    """Whether a string spans several lines of the source."""
    return any("\n" in text for part in string_parts(node) for text in _literal_texts(part))


def _literal_texts(part: cst.SimpleString | cst.FormattedString) -> Iterator[str]:
    if isinstance(part, cst.SimpleString):
        yield part.value
    else:
        yield from (piece.value for piece in part.parts if isinstance(piece, cst.FormattedStringText))


def needs_parentheses(node: Expression, parent: Parent) -> Needs:
    match node:
        case cst.Name() | cst.Integer() | cst.Float() | cst.Imaginary() | cst.Ellipsis():
            return Needs.IF_THEY_HELP
        case cst.SimpleString() | cst.FormattedString():
            return Needs.NEVER if is_multiline(node) else Needs.IF_THEY_HELP
        case cst.ConcatenatedString() | cst.BooleanOperation():
            return Needs.IF_BROKEN
        case cst.BinaryOperation() | cst.Comparison() | cst.IfExp() | cst.Lambda():
            if parent == "await":
                return Needs.ALWAYS
            return Needs.NEVER if _starts_with_multiline_string(node) else Needs.IF_BROKEN
        case cst.NamedExpr():
            return Needs.IF_BROKEN if parent in ("condition", "operand") else Needs.ALWAYS
        case cst.Yield():
            return Needs.IF_BROKEN if parent == "assignment" else Needs.ALWAYS
        case cst.UnaryOperation():
            if parent == "await":
                return Needs.ALWAYS
            if is_parenthesized(node.expression):
                return Needs.NEVER
            return needs_parentheses(node.expression, "operand")
        case cst.Await():
            if parent == "await":
                return Needs.ALWAYS
            if is_parenthesized(node.expression):
                return Needs.NEVER
            return needs_parentheses(node.expression, "await")
        case cst.Attribute() | cst.Call() | cst.Subscript():
            if is_fluent(node):
                return Needs.IF_BROKEN
            value = chain_value(node)
            return Needs.NEVER if is_parenthesized(value) else needs_parentheses(value, "operand")
    return Needs.NEVER


def _starts_with_multiline_string(node: Expression) -> bool:
    match node:
        case cst.BinaryOperation():
            left, right = node.left, node.right
        case cst.Comparison() if len(node.comparisons) == 1:
            left, right = node.left, node.comparisons[0].comparator
        case _:
            return False
    single = isinstance(left, cst.SimpleString | cst.FormattedString) and not is_parenthesized(left)
    return single and is_multiline(left) and has_parentheses(right) is not None  # type: ignore[arg-type]


def can_omit_parentheses(node: Expression) -> bool:
    """Whether an expression that is too long had better break inside its own brackets than get parentheses."""
    survey = _Survey()
    survey.look_at(node)
    if not survey.any_brackets or survey.count > 1:
        return False
    if survey.loosest <= Precedence.ATTRIBUTE:
        return True
    ends = (survey.last, survey.first)
    return any(
        end is not None and not isinstance(end, cst.Subscript) and has_parentheses(end) == "filled" for end in ends
    )


def can_split(node: Expression) -> bool:
    """Whether an expression can be laid out on several lines at all."""
    match node:
        case cst.BinaryOperation() | cst.BooleanOperation() | cst.Comparison() | cst.IfExp() | cst.ConcatenatedString():
            return True
        case cst.Subscript() | cst.Await() | cst.GeneratorExp() | cst.ListComp() | cst.SetComp() | cst.DictComp():
            return True
        case cst.Tuple() | cst.List() | cst.Set() | cst.Dict():
            return bool(node.elements)
        case cst.Call():
            return bool(node.args) or is_parenthesized(node.func)
        case cst.UnaryOperation():
            return can_split(node.expression)
        case cst.Yield():
            return node.value is not None
        case cst.Lambda():
            return is_parenthesized(node.body) or can_split(node.body)
        case cst.Attribute():
            return is_parenthesized(node.value) or can_split(node.value)
    return False


@dataclass(slots=True)
class _Survey:
    """What `can_omit_parentheses` gathers: the loosest operators outside of brackets, and both ends."""

    loosest: Precedence = Precedence.NONE
    count: int = 0
    any_brackets: bool = False
    first: Expression | None = None
    first_is_known: bool = False
    last: Expression | None = None

    def visit(self, node: Expression) -> None:
        self.last = node
        if is_parenthesized(node):
            self.any_brackets = True
        else:
            self.look_at(node)
        if not self.first_is_known:
            self.first, self.first_is_known = node, True

    def note(self, precedence: Precedence, count: int = 1) -> None:
        if precedence > self.loosest:
            self.loosest, self.count = precedence, count
        elif precedence == self.loosest:
            self.count += count

    def look_at(self, node: Expression) -> None:
        match node:
            case cst.Dict() | cst.List() | cst.Set() | cst.ListComp() | cst.SetComp() | cst.DictComp():
                self.any_brackets = True
            case cst.Tuple() | cst.GeneratorExp() if node.lpar:
                self.any_brackets = True
            case cst.Tuple():
                for element in node.elements:
                    self.visit(element.value)
            case cst.GeneratorExp():
                self.visit(node.elt)
                self.visit(node.for_in.iter)
            case cst.BinaryOperation() | cst.BooleanOperation():
                self.note(BINARY_OPERATORS[type(node.operator)][1])
                self.visit(node.left)
                self.visit(node.right)
            case cst.Comparison():
                self.note(Precedence.COMPARE, len(node.comparisons))
                self.visit(node.left)
                for target in node.comparisons:
                    self.visit(target.comparator)
            case cst.IfExp():
                self.note(Precedence.CONDITIONAL, 2)
                self.visit(node.body)
                self.visit(node.test)
                self.visit(node.orelse)
            case cst.Call() | cst.Subscript():
                self.any_brackets = True
                self.visit(chain_value(node))
                self.last = node
            case cst.Attribute():
                self.visit(node.value)
                if has_parentheses(node.value) is not None:
                    self.note(Precedence.ATTRIBUTE)
                self.last = node
            case cst.NamedExpr():
                self.visit(node.target)
                self.visit(node.value)
            case cst.UnaryOperation():
                if isinstance(node.operator, cst.BitInvert):
                    self.note(Precedence.INVERT)
                self.first_is_known = True
                self.visit(node.expression)
            case cst.Lambda():
                self.first_is_known = True
                for parameter in node.params.params:
                    if parameter.default is not None:
                        self.visit(parameter.default)
                self.visit(node.body)
            case cst.Await():
                self.first_is_known = True
                self.visit(node.expression)
            case cst.Yield():
                self.first_is_known = True
                if isinstance(node.value, cst.From):
                    self.visit(node.value.item)
                elif node.value is not None:
                    self.visit(node.value)
