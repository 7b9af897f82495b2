"""What may be written twice, and what may be moved: the questions that keep evaluation single and in Python's order."""

from __future__ import annotations

from jvpgen.ir import nodes


def is_trivial(node: nodes.Expression) -> bool:
    """Whether evaluating `node` again costs nothing and changes nothing: names, literals, attributes, shape arithmetic.

    Such an expression may stand in both halves of a statement; anything else that both need gets a name.
    """
    match node:
        case nodes.Name() | nodes.Constant():
            return True
        case nodes.Attribute(value=value):
            return is_trivial(value)
        case nodes.Subscript(value=value, index=index):
            return is_trivial(value) and is_trivial(index)
        case nodes.Slice(lower=lower, upper=upper, step=step):
            return all(part is None or is_trivial(part) for part in (lower, upper, step))
        case nodes.Starred(value=value):
            return is_trivial(value)
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            return all(is_trivial(element) for element in elements)
        case nodes.Unary(operator="-" | "not", operand=operand):
            return is_trivial(operand)
        case nodes.Binary(left=left, right=right):
            return is_number(left) and is_number(right)
        case nodes.Call(function=nodes.Name(id="len"), arguments=(argument,)):
            return is_trivial(argument.value)
        case nodes.Comparison(left=left, operators=operators, rights=rights):
            return all(is_trivial(part) for part in (left, *rights)) and set(operators) <= {"is", "is not"}
    return False


def is_index_arithmetic(node: nodes.Expression) -> bool:
    """Whether `node`, as an index or a bound of a slice, is arithmetic on names and literals: as cheap as a name."""
    match node:
        case nodes.Binary(left=left, right=right):
            return is_index_arithmetic(left) and is_index_arithmetic(right)
        case nodes.Unary(operator="-", operand=operand):
            return is_index_arithmetic(operand)
    return is_trivial(node)


def is_number(node: nodes.Expression) -> bool:
    """Whether `node` is plainly a Python number or a shape: arithmetic on it is no array operation."""
    match node:
        case nodes.Constant(text=text):
            return text[:1].isdigit() or text[:1] == "."
        case nodes.Attribute(attribute="ndim" | "size" | "shape"):
            return is_trivial(node)
        case nodes.Attribute(value=nodes.Name(id="self")):
            return True
        case nodes.Subscript(value=value):
            return isinstance(value, nodes.Attribute) and value.attribute == "shape" and is_trivial(node)
        case nodes.Unary(operator="-", operand=operand):
            return is_number(operand)
        case nodes.Binary(left=left, right=right):
            return is_number(left) and is_number(right)
        case nodes.TupleDisplay(elements=elements):
            return all(is_number(element) for element in elements)
        case nodes.Call(function=nodes.Name(id="len"), arguments=(argument,)):
            return is_trivial(argument.value)
    return False
