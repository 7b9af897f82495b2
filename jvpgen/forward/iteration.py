"""Loops over active values: `for x in xs` becomes a loop over the values and their tangents together."""

from __future__ import annotations

from dataclasses import dataclass

from jvpgen.analysis.activity import is_active
from jvpgen.forward import expressions
from jvpgen.forward.pushed import Block, Frame, call, settle, tuple_of
from jvpgen.ir import nodes
from jvpgen.ir.scoping import target_names


@dataclass(frozen=True)
class Iteration:
    """The target and iterable of a loop over primals and tangents."""

    target: nodes.Expression
    iterable: nodes.Expression


def tangent_target(target: nodes.Expression, frame: Frame) -> nodes.Expression:
    """The target that receives the tangents: `_` for names that have none."""
    match target:
        case nodes.Name(id=name):
            return frame.tangent(name) if name in frame.environment.active else nodes.Name("_")
        case nodes.TupleDisplay(elements=elements):
            return nodes.TupleDisplay(tuple(tangent_target(element, frame) for element in elements))
        case nodes.ListDisplay(elements=elements):
            return nodes.ListDisplay(tuple(tangent_target(element, frame) for element in elements))
        case nodes.Starred(value=value):
            return nodes.Starred(tangent_target(value, frame))
        case nodes.Attribute(value=nodes.Name(id=name) as owner, attribute=attribute) if (
            name == frame.environment.self_name
        ):
            return nodes.Attribute(owner, frame.naming.tangent_attribute(attribute))
        case nodes.Attribute(value=value, attribute=attribute):
            return nodes.Attribute(tangent_target(value, frame), attribute)
        case nodes.Subscript(value=value, index=index):
            return nodes.Subscript(tangent_target(value, frame), index)
    return nodes.Name("_")


def has_active_target(target: nodes.Expression, frame: Frame) -> bool:
    return any(name in frame.environment.active for name in target_names(target))


def push_iteration(
    target: nodes.Expression, iterable: nodes.Expression, frame: Frame, outer: Frame, block: Block
) -> Iteration:
    """What the loop runs over: `frame` knows the loop's own names, `outer` is where the iterable is evaluated."""
    if not (has_active_target(target, frame) and is_active(iterable, outer.environment)):
        return Iteration(target, expressions.plain(iterable, outer, block).primal)
    match target, iterable:
        case (
            nodes.TupleDisplay(elements=(index, item)),
            nodes.Call(function=nodes.Name(id="enumerate") as function, arguments=(first, *rest)),
        ):
            inner = push_iteration(item, first.value, frame, outer, block)
            arguments = (nodes.Argument(inner.iterable), *rest)
            return Iteration(tuple_of((index, inner.target)), nodes.Call(function, arguments))
        case nodes.TupleDisplay(elements=targets), nodes.Call(function=nodes.Name(id="zip"), arguments=arguments) if (
            len(targets) == len([argument for argument in arguments if not argument.star and not argument.keyword])
        ):
            return _zipped(targets, arguments, frame, outer, block)
        case (
            nodes.TupleDisplay(elements=(key, item)),
            nodes.Call(function=nodes.Attribute(value=container, attribute="items"), arguments=()),
        ) if is_active(container, outer.environment):
            both = tuple_of((key, tuple_of((item, tangent_target(item, frame)))))
            return Iteration(both, call(nodes.Attribute(_pairs(container, outer, block), "items")))
        case (
            nodes.TupleDisplay(elements=(key, item)),
            nodes.Call(
                function=nodes.Name(id="sorted") as function,
                arguments=(
                    nodes.Argument(
                        value=nodes.Call(function=nodes.Attribute(value=container, attribute="items"), arguments=())
                    ),
                ),
            ),
        ) if is_active(container, outer.environment):
            both = tuple_of((key, tuple_of((item, tangent_target(item, frame)))))
            items = call(nodes.Attribute(_pairs(container, outer, block), "items"))
            return Iteration(both, call(function, items))
        case _, nodes.Call(function=nodes.Attribute(value=container, attribute="values"), arguments=()) if is_active(
            container, outer.environment
        ):
            both = tuple_of((target, tangent_target(target, frame)))
            return Iteration(both, call(nodes.Attribute(_pairs(container, outer, block), "values")))
    pushed = expressions.plain(iterable, outer, block)
    assert pushed.tangent is not None
    together = call(nodes.Name("zip"), pushed.primal, pushed.tangent)
    return Iteration(tuple_of((target, tangent_target(target, frame))), together)


def _zipped(
    targets: tuple[nodes.Expression, ...],
    arguments: tuple[nodes.Argument, ...],
    frame: Frame,
    outer: Frame,
    block: Block,
) -> Iteration:
    """`zip(a, b)` with the tangents of its active parts appended: `zip(a, b, a_dot)`."""
    positional = [argument for argument in arguments if not argument.keyword]
    keywords = tuple(argument for argument in arguments if argument.keyword)
    values = expressions.push_all([argument.value for argument in positional], outer, block)
    tangents = [
        (tangent_target(target, frame), value.tangent)
        for target, value in zip(targets, values, strict=True)
        if value.tangent is not None and has_active_target(target, frame)
    ]
    iterables = [value.primal for value in values] + [tangent for _, tangent in tangents]
    given = tuple(nodes.Argument(part) for part in iterables) + keywords
    return Iteration(tuple_of((*targets, *(target for target, _ in tangents))), nodes.Call(nodes.Name("zip"), given))


def _pairs(container: nodes.Expression, outer: Frame, block: Block) -> nodes.Expression:
    pushed = settle(expressions.push(container, outer, block), outer, block)
    assert pushed.tangent is not None
    return call(outer.naming.helper("pairs"), pushed.primal, pushed.tangent)
