"""How often a loop runs, and which round it is in: a Number that is right for all values, else an open one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from jvpgen.ir import nodes
from jvpgen.ir.declarations.containers import known_items
from jvpgen.ir.declarations.numbering import OPEN, Number
from jvpgen.ir.declarations.text import constant
from jvpgen.ir.declarations.values import Frame, Loop, Value
from jvpgen.ir.scoping import all_names, dotted, root_name
from jvpgen.ir.show import show

if TYPE_CHECKING:
    from jvpgen.ir.declarations.walk import Walk

_LETTERS = "ijklmnopqrstuvw"
_SAME_LENGTH = frozenset({"enumerate", "reversed", "list", "tuple", "sorted", "iter"})
_VIEWS = frozenset({"items", "values", "keys"})


def loop_over(walk: Walk, node: nodes.For | nodes.Clause, around: nodes.Node, value: Value, frame: Frame) -> Loop:
    """The loop that `node`, a part of `around`, begins; its iterable is worth `value`."""
    return Loop(_round(walk, node.target, node.iterable, around, frame), count(walk, node.iterable, value, frame))


def endless(walk: Walk, node: nodes.Node) -> Loop:
    """A loop in `node` of which it is not known how often it runs."""
    return Loop(Number(0, (_letter(walk.recorder.round_names | all_names(node)),)), OPEN)


# --- Rounds -----------------------------------------------------------------------------------------------------------


def _round(
    walk: Walk, target: nodes.Expression, iterable: nodes.Expression, around: nodes.Node, frame: Frame
) -> Number:
    """The number of a round, in the source's own counter where it has one."""
    taken = walk.recorder.round_names
    own = _own_counter(walk, target, iterable, frame)
    if own is not None and own[0] not in taken:
        name, first = own
        return Number(-first, (name,))
    return Number(0, (_letter(taken | all_names(around)),))


def _own_counter(
    walk: Walk, target: nodes.Expression, iterable: nodes.Expression, frame: Frame
) -> tuple[str, int] | None:
    """The variable that counts the rounds by one, and its first value."""
    if not isinstance(iterable, nodes.Call):
        return None
    function, arguments = _function(iterable, frame), iterable.arguments
    start: nodes.Expression = nodes.Constant("0")
    if function == "range" and len(arguments) in (1, 2):
        start = arguments[0].value if len(arguments) == 2 else start
    elif function == "enumerate" and isinstance(target, nodes.TupleDisplay) and target.elements:
        target = target.elements[0]
        start = arguments[1].value if len(arguments) == 2 else start
    else:
        return None
    known, first = constant(walk.written(start, frame))
    if not isinstance(target, nodes.Name) or target.id == "_" or not known or not isinstance(first, int):
        return None
    return target.id, first


def _letter(taken: Collection[str]) -> str:
    return next((letter for letter in _LETTERS if letter not in taken), "n")


# --- Counts -----------------------------------------------------------------------------------------------------------


def count(walk: Walk, iterable: nodes.Expression, value: Value | None, frame: Frame) -> Number:
    """The number of items of an iterable."""
    items = known_items(value) if value is not None else None
    if items is not None:
        return Number(len(items))
    match iterable:
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            starred = any(isinstance(element, nodes.Starred) for element in elements)
            return OPEN if starred else Number(len(elements))
        case nodes.Call(function=nodes.Attribute(value=base, attribute=view), arguments=()) if view in _VIEWS:
            return count(walk, base, None, frame)
        case nodes.Call(arguments=arguments):
            return _call_count(walk, _function(iterable, frame), [item.value for item in arguments], frame)
    written = walk.written(iterable, frame)
    is_read = root_name(iterable) == "self" or (isinstance(iterable, nodes.Name) and iterable.id.isupper())
    return Number(0, (f"len({show(written)})",)) if is_read and is_steady(written, frame) else OPEN


def _call_count(walk: Walk, function: str | None, arguments: list[nodes.Expression], frame: Frame) -> Number:
    if function == "range":
        return _range_count([walk.written(argument, frame) for argument in arguments], frame)
    if function in _SAME_LENGTH and arguments:
        return count(walk, arguments[0], None, frame)
    if function == "zip":
        counts = {count(walk, argument, None, frame) for argument in arguments}
        return counts.pop() if len(counts) == 1 else OPEN
    return OPEN


def _range_count(arguments: list[nodes.Expression], frame: Frame) -> Number:
    numbers = [value for known, value in map(constant, arguments) if known and isinstance(value, int)]
    if arguments and len(numbers) == len(arguments) and 0 not in numbers[2:]:
        return Number(len(range(*numbers)))
    if len(arguments) == 1 or (len(arguments) == 2 and constant(arguments[0]) == (True, 0)):
        return Number(0, (show(arguments[-1]),)) if is_steady(arguments[-1], frame) else OPEN
    return OPEN


def _function(node: nodes.Call, frame: Frame) -> str | None:
    name = dotted(node.function)
    return name if name not in frame.locals else None


def is_steady(expression: nodes.Expression, frame: Frame) -> bool:
    """Whether an expression of a size is the same wherever in the method it is read, and not negative."""
    match expression:
        case nodes.Constant():
            return constant(expression)[0]
        case nodes.Name(id=name):
            return name in frame.steady or (name.isupper() and name not in frame.locals)
        case nodes.Attribute(value=nodes.Name(id=name)):
            return name == "self" or name[0].isupper()
        case nodes.Attribute(value=nodes.Attribute() as inner):
            return is_steady(inner, frame)
        case nodes.Subscript(value=nodes.Attribute() as value, index=index):
            return is_steady(value, frame) and constant(index)[0]
        case nodes.Binary(left=left, operator="+" | "*" | "//", right=right):
            return _all_steady((left, right), frame)
        case nodes.Call(function=nodes.Name(id="len"), arguments=(nodes.Argument(value=nodes.Attribute() as value),)):
            return is_steady(value, frame)
    return False


def _all_steady(expressions: Iterable[nodes.Expression], frame: Frame) -> bool:
    return all(is_steady(expression, frame) for expression in expressions)
