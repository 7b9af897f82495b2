"""The value of a literal expression, without evaluating any code: a node enters, a Python value leaves."""

from __future__ import annotations

import libcst as cst


class NotLiteral(Exception):
    """Raised with the node that is no literal."""

    def __init__(self, node: cst.CSTNode) -> None:
        super().__init__(type(node).__name__)
        self.node = node


_CONSTANTS = {"True": True, "False": False, "None": None}


def literal(node: cst.BaseExpression) -> object:
    """The value of a string, number, boolean, None, or a tuple, list or dict of literals.

    Raises:
      NotLiteral: for anything else.
    """
    match node:
        case cst.SimpleString() | cst.Integer() | cst.Float() | cst.Imaginary():
            return node.evaluated_value
        case cst.ConcatenatedString():
            text = node.evaluated_value  # None where a piece is an f-string
            if text is not None:
                return text
        case cst.Name() if node.value in _CONSTANTS:
            return _CONSTANTS[node.value]
        case cst.Tuple():
            return tuple(_element(element) for element in node.elements)
        case cst.List():
            return [_element(element) for element in node.elements]
        case cst.Dict():
            return dict(_entry(element) for element in node.elements)
        case cst.UnaryOperation(operator=cst.Minus()):
            value = literal(node.expression)
            if isinstance(value, int | float | complex):
                return -value
    raise NotLiteral(node)


def _element(element: cst.BaseElement) -> object:
    if isinstance(element, cst.StarredElement):
        raise NotLiteral(element)
    return literal(element.value)


def _entry(element: cst.BaseDictElement) -> tuple[object, object]:
    if not isinstance(element, cst.DictElement):
        raise NotLiteral(element)
    return literal(element.key), literal(element.value)
