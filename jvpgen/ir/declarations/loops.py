"""Loops, as the walk meets them: round by round where the items are known, else one walk that stands for all rounds."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from typing import TYPE_CHECKING, Literal

from jvpgen.ir import nodes
from jvpgen.ir.declarations import counting, flow
from jvpgen.ir.declarations.containers import any_item, known_items
from jvpgen.ir.declarations.flow import State
from jvpgen.ir.declarations.numbering import OPEN
from jvpgen.ir.declarations.values import UNKNOWN, Frame, Loop, Sequence, Table, Text, Value
from jvpgen.ir.scoping import bound_names, dotted, target_names

if TYPE_CHECKING:
    from jvpgen.ir.declarations.walk import Walk

# How a block ends: it goes on, it may have been left, it has been left by return or jump, it has raised.
Ending = Literal["on", "maybe", "left", "raised"]

UNROLLED = 16  # more items than this are not walked one by one


def walk_for(walk: Walk, node: nodes.For, frame: Frame) -> Ending:
    iterable = walk.evaluate(node.iterable, frame)
    items = known_items(iterable)
    if items is not None and len(items) <= UNROLLED:
        return _unrolled(walk, node, items, frame)
    loop = counting.loop_over(walk, node, node, iterable, frame)
    for name in target_names(node.target):
        frame.locals[name] = Text(nodes.Name(name))
    _forget(node.body, frame)
    bind_item(walk, node.target, node.iterable, iterable, frame)
    with walk.recorder.bound(target_names(node.target)):
        return _all_rounds(walk, node, loop, frame)


def walk_while(walk: Walk, node: nodes.While, frame: Frame) -> Ending:
    loop = counting.endless(walk, node)
    _forget(node.body, frame)
    walk.evaluate(node.test, frame)
    return _all_rounds(walk, node, loop, frame)


def _unrolled(walk: Walk, node: nodes.For, items: Items[Value], frame: Frame) -> Ending:
    recorder = walk.recorder
    exits = recorder.enter()
    ending: Ending = "on"
    returned = False
    for item in items:
        walk.assign(node.target, item, frame)
        with recorder.bound(target_names(node.target)), recorder.condition(returned or bool(exits.breaks)):
            ending = walk.block(node.body, frame)
        returned = returned or (ending != "on" and _returns(node.body))
        ways = [*exits.continues, *_here(walk, ending, frame)]
        exits.continues.clear()
        if not ways:
            break
        ending = "on"
        walk.resume(flow.merged(ways), frame)
    recorder.exits.pop()
    return _after(walk, node, ending, exits.breaks, returned, frame)


def _all_rounds(walk: Walk, node: nodes.For | nodes.While, loop: Loop, frame: Frame) -> Ending:
    recorder = walk.recorder
    before = dict(frame.locals)
    exits = recorder.enter()
    with recorder.loop(loop):
        ending = walk.block(node.body, frame)
        ways = [*exits.continues, *_here(walk, ending, frame)]
        exits.continues.clear()
        if ways:
            walk.resume(flow.merged(ways), frame)
        if exits.breaks or not ways:
            loop.count = OPEN
    recorder.exits.pop()
    _leave(before, frame)
    return _after(walk, node, "on", exits.breaks, ending != "on" and _returns(node.body), frame)


def _here(walk: Walk, ending: Ending, frame: Frame) -> list[State]:
    """The state after a block, if its end is reached."""
    return [walk.state(frame)] if ending in ("on", "maybe") else []


def _after(
    walk: Walk, node: nodes.For | nodes.While, ending: Ending, breaks: list[State], returned: bool, frame: Frame
) -> Ending:
    """What holds after a loop whose rounds end with `ending`: its `else` belongs to the way without a break."""
    ways = list(breaks)
    if ending == "on":
        with walk.recorder.condition(bool(breaks)):
            ending = walk.block(node.orelse, frame)
        ways += _here(walk, ending, frame)
    if not ways:
        return ending
    walk.resume(flow.merged(ways), frame)
    return "maybe" if returned or ending != "on" else "on"


def _returns(body: Iterable[nodes.Statement]) -> bool:
    """Whether a loop's body may leave the function."""
    return any(isinstance(node, nodes.Return) for statement in body for node in nodes.walk(statement))


def _forget(body: Iterable[nodes.Statement], frame: Frame) -> None:
    """Locals that a round changes are not what they were before the first one."""
    for name in bound_names(body):
        if isinstance(frame.locals.get(name), Text):
            frame.locals[name] = Text(nodes.Name(name))


def _leave(before: dict[str, Value], frame: Frame) -> None:
    """Locals that the last round has set are known no better than that, for there may have been none."""
    for name, value in frame.locals.items():
        if isinstance(value, Text) and before.get(name) != value:
            frame.locals[name] = Text(nodes.Name(name))
        elif name in before and not isinstance(value, Sequence | Table):
            frame.locals[name] = flow.joined(before[name], value)


def bind_item(walk: Walk, target: nodes.Expression, iterable: nodes.Expression, value: Value, frame: Frame) -> None:
    """Binds a loop's target to what any of the items may be."""
    if isinstance(target, nodes.TupleDisplay) and isinstance(iterable, nodes.Call):
        function = dotted(iterable.function)
        parts = [argument.value for argument in iterable.arguments]
        if function == "enumerate" and len(target.elements) == 2 and parts:
            walk.assign(target.elements[0], UNKNOWN, frame)
            bind_item(walk, target.elements[1], parts[0], walk.again(parts[0], frame), frame)
            return
        if function == "zip" and len(target.elements) == len(parts):
            for element, part in zip(target.elements, parts, strict=True):
                bind_item(walk, element, part, walk.again(part, frame), frame)
            return
    walk.assign(target, any_item(value), frame)
