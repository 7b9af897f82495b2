"""Lists, tuples and dicts of active values: what is done to a container is done to the container of its tangents."""

from __future__ import annotations

from dataclasses import replace

from jvpgen.analysis.activity import call_is_active
from jvpgen.analysis.callees import REMOVERS, map_as_comprehension
from jvpgen.analysis.filling import bindings
from jvpgen.analysis.instances import is_collection
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward import calls, expressions
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Operand,
    Pushed,
    call,
    commit,
    in_both_halves,
    is_changed,
    name_before,
    paired,
    settle,
    tuple_of,
)
from jvpgen.ir import nodes

_REBUILT = frozenset(("tuple", "list", "reversed", "sum", "zip"))


def push_structural(node: nodes.Call, name: str, frame: Frame, block: Block) -> Pushed:
    """`tuple(x)`, `dict(a=x)`, `sum(xs)`: the same builtin on the tangents."""
    if not call_is_active(node, frame.environment):
        return _inactive(node, frame, block)
    if name == "dict":
        return _dict(node, frame, block)
    mapped = map_as_comprehension(node, frame.environment.local) if name == "map" else None
    if mapped is not None:
        return expressions.push(mapped, frame, block)
    if name not in _REBUILT:
        return calls.dispatched(node, frame, block)
    if len(node.arguments) == 1 and isinstance(node.arguments[0].value, nodes.Comprehension):
        return _over_comprehension(node, name, node.arguments[0].value, frame, block)
    operands = [_plain_operand(argument.value, frame, block) for argument in node.arguments]
    named = in_both_halves(operands)
    values = commit(operands, frame, block, named)
    primal = _rebuilt(node, [value.primal for value in values])
    return Pushed(primal, _rebuilt(node, [_tangent(value, frame) for value in values]))


def _inactive(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    operands = [_plain_operand(argument.value, frame, block) for argument in node.arguments]
    values = commit(operands, frame, block)
    return Pushed(_rebuilt(node, [value.primal for value in values]))


def _plain_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    return _settled(expressions.push_operand(node, frame, block), frame)


def _settled(operand: Operand, frame: Frame) -> Operand:
    if operand.pushed.is_plain:
        return operand
    return replace(operand, pushed=settle(operand.pushed, frame, operand.block))


def _rebuilt(node: nodes.Call, values: list[nodes.Expression]) -> nodes.Call:
    arguments = tuple(
        nodes.Argument(value, argument.keyword, argument.star)
        for argument, value in zip(node.arguments, values, strict=True)
    )
    return nodes.Call(node.function, arguments, span=node.span)


def _tangent(value: Pushed, frame: Frame) -> nodes.Expression:
    return value.tangent if value.tangent is not None else frame.zero(value.primal)


def _over_comprehension(node: nodes.Call, name: str, inside: nodes.Comprehension, frame: Frame, block: Block) -> Pushed:
    """`tuple(f(x) for x in xs)`: a loop that fills a list, if the comprehension becomes one."""
    pushed = expressions.plain(inside, frame, block)
    if isinstance(pushed.primal, nodes.Comprehension) or name != "list":
        tangent = _rebuilt(node, [_tangent(pushed, frame)])
        return Pushed(_rebuilt(node, [pushed.primal]), tangent)
    return pushed


def _dict(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """`dict(a=x, b=n)`, `dict(zip(names, xs))`: the same keys with the tangents."""
    match node.arguments:
        case (nodes.Argument(value=nodes.Call(function=nodes.Name(id="zip"), arguments=(keys, values))),):
            zipped = [_plain_operand(part.value, frame, block) for part in (keys, values)]
            pushed_keys, pushed = commit(zipped, frame, block, {0})
            primal, tangent = (
                call(node.function, call(nodes.Name("zip"), pushed_keys.primal, part))
                for part in (pushed.primal, _tangent(pushed, frame))
            )
            return Pushed(primal, tangent)
    first = node.arguments[0] if node.arguments else None
    if first is not None and not first.star and not first.keyword and not _is_mapping(first.value, frame):
        return _dict_of_pairs(node, first.value, frame, block)
    operands = [_plain_operand(argument.value, frame, block) for argument in node.arguments]
    named = in_both_halves(operands)
    pushed_values = commit(operands, frame, block, named)
    primal = _rebuilt(node, [value.primal for value in pushed_values])
    return Pushed(primal, _rebuilt(node, [_tangent(value, frame) for value in pushed_values]))


def _dict_of_pairs(node: nodes.Call, pairs: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`dict([("a", x)], b=y)` as the display that it is; a call where the text does not show the pairs."""
    display = _as_dict(pairs)
    if display is None:
        return calls.dispatched(node, frame, block)
    named = [(None if item.star else nodes.Constant(f'"{item.keyword}"'), item.value) for item in node.arguments[1:]]
    if not named:
        return expressions.push(display, frame, block)
    items = display.items if isinstance(display, nodes.DictDisplay) else ((None, display),)
    return expressions.push(nodes.DictDisplay((*items, *named), span=node.span), frame, block)


def _as_dict(pairs: nodes.Expression) -> nodes.DictDisplay | nodes.Comprehension | None:
    """`[("a", x), ("b", y)]` as the display of a dict, `((k, f(k)) for k in ks)` as a comprehension of one."""
    match pairs:
        case nodes.ListDisplay(elements=elements) | nodes.TupleDisplay(elements=elements):
            items = [
                part.elements for part in elements if isinstance(part, nodes.TupleDisplay) and len(part.elements) == 2
            ]
            if len(items) == len(elements):
                return nodes.DictDisplay(tuple((key, value) for key, value in items), span=pairs.span)
        case nodes.Comprehension(element=nodes.TupleDisplay(elements=(_, _)), kind="list" | "generator"):
            return replace(pairs, kind="dict")
    return None


def _is_mapping(node: nodes.Expression, frame: Frame) -> bool:
    """Whether `dict(node)` copies a mapping, as far as the text tells."""
    match node:
        case nodes.DictDisplay() | nodes.Comprehension(kind="dict"):
            return True
        case nodes.Name():
            parts = [part for statement in frame.environment.around for part in nodes.walk(statement)]
            bound = [value for part in parts for target, value in bindings(part) if target == node]
            is_used = any(_is_use_of_mapping(part, node) for part in parts)
            return is_used or (bool(bound) and all(_is_mapping(value, frame) for value in bound if value != node))
        case nodes.Call(function=nodes.Name(id="dict")):
            return True
    return False


def _is_use_of_mapping(part: nodes.Node, name: nodes.Name) -> bool:
    """Whether a part of the function takes what `name` holds for a mapping: `d["key"]`, `d.items()`."""
    match part:
        case nodes.Subscript(value=value, index=nodes.Constant(text=text)):
            return value == name and text[-1:] in "'\""
        case nodes.Call(function=nodes.Attribute(value=value, attribute="items" | "keys" | "values" | "get")):
            return value == name
    return False


def push_concatenation(node: nodes.Binary, frame: Frame, block: Block) -> Pushed:
    """`(1.0,) + xs`, `[x] * n`: of sequences `+` is no sum and `*` no product."""
    operands = [_plain_operand(part, frame, block) for part in (node.left, node.right)]
    named = in_both_halves(operands)
    left, right = commit(operands, frame, block, named)
    primal = nodes.Binary(left.primal, node.operator, right.primal, span=node.span)
    if node.operator == "+":
        return Pushed(primal, nodes.Binary(_tangent(left, frame), "+", _tangent(right, frame)))
    if is_collection(node.left, frame.environment):
        return Pushed(primal, nodes.Binary(_tangent(left, frame), "*", right.primal))
    return Pushed(primal, nodes.Binary(left.primal, "*", _tangent(right, frame)))


# --- Methods ----------------------------------------------------------------------------------------------------------


def push_read(node: nodes.Call, container: nodes.Expression, method: str, frame: Frame, block: Block) -> Pushed:
    """`d.get(k)`, `xs.pop()`, `d.values()` on a container and on its tangents."""
    operands = _operands_of_change(node, container, 1, frame, block)
    named = {index for index, operand in enumerate(operands) if not is_trivial(operand.pushed.primal)}
    receiver, *arguments = commit(operands, frame, block, named)
    assert isinstance(node.function, nodes.Attribute)
    primal = _method(receiver.primal, method, node, [value.primal for value in arguments])
    if receiver.tangent is None or method in ("keys", "index", "count"):
        return Pushed(primal)
    tangents = [_read_argument(method, position, value, frame) for position, value in enumerate(arguments)]
    tangent = _method(receiver.tangent, method, node, tangents)
    return paired(tuple_of((primal, tangent)), node) if method in REMOVERS else Pushed(primal, tangent)


def _operands_of_change(
    node: nodes.Call, container: nodes.Expression, keys: int, frame: Frame, block: Block
) -> list[Operand]:
    """The container and the arguments, the first `keys` of which stand in both halves. The second half runs after the
    first has changed the container: what it would read from there, as `xs.append(xs[-1] * x)` does, gets a name."""
    operands = [_receiver_operand(container, frame, block)]
    for position, argument in enumerate(node.arguments):
        operand = _plain_operand(argument.value, frame, block)
        second = operand.pushed.primal if position < keys else operand.pushed.tangent
        if second is not None and is_changed(second, node, frame):
            operand = replace(operand, pushed=name_before(operand, frame))
        operands.append(operand)
    return operands


def _receiver_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """The container; of `d.setdefault(k, [])` both halves stay in place, as each stands there once."""
    operand = expressions.push_operand(node, frame, block)
    match node, operand.pushed.pair:
        case nodes.Call(function=nodes.Attribute(attribute="setdefault")), nodes.TupleDisplay(elements=(first, second)):
            return replace(operand, pushed=Pushed(first, second))
    return _settled(operand, frame)


def _read_argument(method: str, position: int, value: Pushed, frame: Frame) -> nodes.Expression:
    """A key stays a key; a default becomes the default's tangent, as does what a copy of a FrozenDict gets besides."""
    return value.primal if position == 0 and method != "copy" else _tangent(value, frame)


def _method(receiver: nodes.Expression, method: str, node: nodes.Call, values: list[nodes.Expression]) -> nodes.Call:
    return nodes.Call(nodes.Attribute(receiver, method), _rebuilt(node, values).arguments, span=node.span)


def push_mutation(node: nodes.Call, container: nodes.Expression, method: str, frame: Frame, block: Block) -> Pushed:
    """`xs.append(x)`, and the tangent appended to the tangents."""
    if method == "add":
        raise NotExpressible("a set of active values", node)
    keys = {"insert": 1, "setdefault": 1}.get(method, 0)
    if method == "update" and node.arguments:  # with pairs: the keys are no values
        given = _as_dict(node.arguments[0].value) or node.arguments[0].value
        node = replace(node, arguments=(replace(node.arguments[0], value=given), *node.arguments[1:]))
    operands = _operands_of_change(node, container, keys, frame, block)
    named = in_both_halves(operands) - {0}
    receiver, *arguments = commit(operands, frame, block, named)
    primal = _method(receiver.primal, method, node, [value.primal for value in arguments])
    if receiver.tangent is None:
        return Pushed(primal)
    tangents = [value.primal if position < keys else _tangent(value, frame) for position, value in enumerate(arguments)]
    tangent = _method(receiver.tangent, method, node, tangents)
    return paired(tuple_of((primal, tangent)), node)
