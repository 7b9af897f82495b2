"""Source expressions as text: what stands in the tables, names of modules and variables, and constants."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from jvpgen.ir import nodes
from jvpgen.ir.show import show

_STRING_PREFIX = re.compile(r"""^[rRbBuUfF]*('''|\"\"\"|'|")""")


def constant(expression: nodes.Expression | None) -> tuple[bool, object]:
    """Whether an expression is a literal constant, and its value."""
    match expression:
        case nodes.Constant(text=text):
            try:
                return True, ast.literal_eval(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                return False, None
        case nodes.Unary(operator="-", operand=operand):
            known, value = constant(operand)
            return (True, -value) if known and isinstance(value, int | float) else (False, None)
        case nodes.TupleDisplay(elements=elements):
            pairs = [constant(element) for element in elements]
            return all(known for known, _ in pairs), tuple(value for _, value in pairs)
    return False, None


def of_constant(value: object) -> nodes.Expression:
    return nodes.Constant(repr(value))


def name_pattern(expression: nodes.Expression) -> str:
    """The string that an expression makes, for a name; what is known at run time only stands in braces."""
    known, value = constant(expression)
    if known:
        return str(value)
    match expression:
        case nodes.FormattedString(text=text):
            return _formatted(text)
        case nodes.Binary(left=left, operator="+", right=right) if _is_string(left) or _is_string(right):
            return name_pattern(left) + name_pattern(right)
        case nodes.Call(function=nodes.Name(id="str"), arguments=(nodes.Argument(value=value, keyword=None, star=""),)):
            return name_pattern(value)
    return f"{{{show(expression)}}}"


def _is_string(expression: nodes.Expression) -> bool:
    match expression:
        case nodes.FormattedString() | nodes.Call(function=nodes.Name(id="str")):
            return True
        case nodes.Binary(left=left, operator="+", right=right):
            return _is_string(left) or _is_string(right)
    return isinstance(constant(expression)[1], str)


def _formatted(text: str) -> str:
    """The inside of an f-string."""
    prefix = _STRING_PREFIX.match(text)
    if prefix is None or text.count(prefix.group(1)) != 2:
        return f"{{{text}}}"
    return text[prefix.end() : -len(prefix.group(1))]


def substituted(
    expression: nodes.Expression, replacement: Callable[[nodes.Expression], nodes.Expression | None]
) -> nodes.Expression:
    """`expression` with what `replacement` gives for the names and attributes in it; None keeps one."""

    def visit(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Name | nodes.Attribute):
            new = replacement(node)
            if new is not None:
                return new
        if isinstance(node, nodes.FormattedString):
            return _substituted_string(node, replacement)
        if isinstance(node, nodes.Argument):
            value = visit(node.value)
            return node if value is node.value else nodes.Argument(value, node.keyword, node.star)  # type: ignore[arg-type]
        return nodes.map_children(node, visit)  # type: ignore[no-any-return]

    return visit(expression)  # type: ignore[return-value]


def _substituted_string(
    node: nodes.FormattedString, replacement: Callable[[nodes.Expression], nodes.Expression | None]
) -> nodes.FormattedString:
    """An f-string in which plain names that are constants are filled in."""
    text, values = node.text, []
    for value in node.values:
        new = substituted(value, replacement)
        values.append(new)
        if new is value:
            continue
        known, content = constant(new)
        filling = str(content) if known else f"{{{show(new)}}}"
        text = text.replace(f"{{{show(value)}}}", filling)
    return nodes.FormattedString(text, tuple(values))


def size(expression: nodes.Node) -> int:
    return sum(1 for _ in nodes.walk(expression))
