"""What expressions are worth to the walk: IR enters, Values leave; calls are `calls`' part, statements `walk`'s."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from typing import TYPE_CHECKING

from jvpgen.ir import nodes
from jvpgen.ir.declarations import calls, counting, loops, resolution
from jvpgen.ir.declarations.containers import any_item, known_items
from jvpgen.ir.declarations.flow import some_of
from jvpgen.ir.declarations.text import constant
from jvpgen.ir.declarations.values import (
    Choice,
    Frame,
    FunctionValue,
    Loop,
    Repeated,
    Self,
    Sequence,
    Super,
    Table,
    Text,
    Value,
    choice,
)
from jvpgen.ir.scoping import dotted, target_names
from jvpgen.source.classes import Method, find_method

if TYPE_CHECKING:
    from jvpgen.ir.declarations.walk import Walk


def evaluate(walk: Walk, node: nodes.Expression, frame: Frame) -> Value:
    match node:
        case nodes.Name(id=name):
            return frame.locals[name] if name in frame.locals else resolution.value_of(walk, node, frame)
        case nodes.Attribute():
            return _attribute(walk, node, frame)
        case nodes.Call():
            return calls.call(walk, node, frame)
        case nodes.Lambda():
            return FunctionValue(node, frame, f"lambda:{node.span}")
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            return Sequence(tuple(_elements(walk, elements, frame)), walk.recorder.loops)
        case nodes.DictDisplay(items=items):
            return _dict(walk, items, frame)
        case nodes.Comprehension():
            return _comprehension(walk, node, frame)
        case nodes.Conditional(test=test, body=body, orelse=orelse):
            known, value = walk.truth(walk.evaluate(test, frame))
            if known:
                return walk.evaluate(body if value else orelse, frame)
            with walk.recorder.condition():
                return _branches(walk, [body, orelse], node, frame)
        case nodes.Boolean(values=values):
            return _boolean(walk, node, values, frame)
        case nodes.Subscript(value=value, index=index):
            return _subscript(walk, node, walk.evaluate(value, frame), walk.evaluate(index, frame), frame)
        case nodes.NamedExpression(target=target, value=value):
            result = walk.evaluate(value, frame)
            walk.assign(target, result, frame)
            return result
        case nodes.Binary(left=left, operator="+", right=right):
            one, other = walk.evaluate(left, frame), walk.evaluate(right, frame)
            if isinstance(one, Sequence) and isinstance(other, Sequence):
                return Sequence((*one.items, *other.items), walk.recorder.loops)
            return walk.text(node, frame)
        case nodes.Binary(left=left, operator="*", right=right):
            factors = (walk.evaluate(left, frame), walk.evaluate(right, frame))
            several = next((factor for factor in factors if isinstance(factor, Sequence)), None)
            if several is not None and not all(isinstance(item, Text) for item in several.items):
                return Sequence((*several.items, *some_of(several.items)), walk.recorder.loops)
            return walk.text(node, frame)
        case nodes.Comparison(left=left, operators=("is" | "is not" as operator,), rights=(nodes.Constant("None"),)):
            if not isinstance(walk.evaluate(left, frame), Text | Choice):
                return Text(nodes.Constant(repr(operator == "is not")))
            return walk.text(node, frame)
        case nodes.Slice() | nodes.Constant():
            return Text(node)
    for child in nodes.children(node):
        _evaluate_any(walk, child, frame)
    return walk.text(node, frame)


def _evaluate_any(walk: Walk, node: nodes.Node, frame: Frame) -> None:
    if isinstance(node, nodes.Argument | nodes.Starred):
        walk.evaluate(node.value, frame)
    elif not isinstance(node, nodes.Parameters | nodes.Clause | nodes.StatementNode):
        walk.evaluate(node, frame)  # type: ignore[arg-type]


def _elements(walk: Walk, elements: Iterable[nodes.Expression], frame: Frame) -> Iterable[Value]:
    for element in elements:
        if isinstance(element, nodes.Starred):
            value = walk.evaluate(element.value, frame)
            if isinstance(value, Sequence):
                yield from value.items
            else:
                yield from some_of([any_item(value)])
        else:
            yield walk.evaluate(element, frame)


def _dict(walk: Walk, items: Iterable[tuple[nodes.Expression | None, nodes.Expression]], frame: Frame) -> Value:
    entries: list[tuple[nodes.Expression | None, Value]] = []
    for key, value in items:
        known = walk.evaluate(key, frame) if key is not None else None
        result = walk.evaluate(value, frame)
        if key is None and isinstance(result, Table):
            entries += result.items
        else:
            entries.append((known.expression if isinstance(known, Text) else None, result))
    return Table(tuple(entries))


def _comprehension(walk: Walk, node: nodes.Comprehension, frame: Frame) -> Value:
    inner = Frame(frame.module, frame.names, dict(frame.locals), frame.owner, frame.is_own, frame.steady)
    results = _clauses(walk, node, node.clauses, inner)
    if node.kind == "dict":
        return Table(tuple(entry for result in results if isinstance(result, Table) for entry in result.items))
    return Sequence(tuple(results), walk.recorder.loops)


def _clauses(walk: Walk, node: nodes.Comprehension, clauses: Items[nodes.Clause], frame: Frame) -> list[Value]:
    """What the rounds of a comprehension give; of a dict's, the entries as a `Table` each."""
    if not clauses:
        if node.kind == "dict" and isinstance(node.element, nodes.TupleDisplay):
            key, value = (walk.evaluate(element, frame) for element in node.element.elements)
            return [Table(((key.expression if isinstance(key, Text) else None, value),))]
        return [walk.evaluate(node.element, frame)]
    clause = clauses[0]
    iterable = walk.evaluate(clause.iterable, frame)
    items = known_items(iterable)
    if items is not None and len(items) <= loops.UNROLLED:
        results: list[Value] = []
        for item in items:
            walk.assign(clause.target, item, frame)
            with walk.recorder.bound(target_names(clause.target)):
                results += _filtered(walk, node, clauses, frame)
        return results
    loop = counting.loop_over(walk, clause, node, iterable, frame)
    with walk.recorder.bound(target_names(clause.target)), walk.recorder.loop(loop):
        loops.bind_item(walk, clause.target, clause.iterable, iterable, frame)
        results = _filtered(walk, node, clauses, frame)
    return results if node.kind == "dict" else [_in_loop(item, loop) for item in results]


def _filtered(walk: Walk, node: nodes.Comprehension, clauses: Items[nodes.Clause], frame: Frame) -> list[Value]:
    """What one round of the first clause gives, if its conditions hold."""
    conditions = clauses[0].conditions
    if not conditions:
        return _clauses(walk, node, clauses[1:], frame)
    for condition in conditions:
        walk.evaluate(condition, frame)
    before = walk.recorder.counters
    with walk.recorder.condition():
        results = _clauses(walk, node, clauses[1:], frame)
    walk.recorder.counters = before.merged(walk.recorder.counters)
    return results if node.kind == "dict" else list(some_of(results))


def _in_loop(item: Value, loop: Loop) -> Repeated:
    if isinstance(item, Repeated):
        return Repeated(item.item, (loop, *item.loops))
    return Repeated(item, (loop,))


def _branches(walk: Walk, branches: Iterable[nodes.Expression], node: nodes.Expression, frame: Frame) -> Value:
    """What one of several expressions gives, of which one is evaluated."""
    results, counters = [], walk.recorder.counters
    merged = None
    for branch in branches:
        walk.recorder.counters = counters
        results.append(walk.evaluate(branch, frame))
        merged = walk.recorder.counters if merged is None else merged.merged(walk.recorder.counters)
    walk.recorder.counters = merged or counters
    return walk.text(node, frame) if all(isinstance(item, Text) for item in results) else choice(*results)


def _boolean(walk: Walk, node: nodes.Boolean, values: Items[nodes.Expression], frame: Frame) -> Value:
    first = walk.evaluate(values[0], frame)
    known, value = walk.truth(first)
    if known and bool(value) == (node.operator == "or"):
        return first
    before = walk.recorder.counters
    with walk.recorder.condition(not known):
        rest = [walk.evaluate(item, frame) for item in values[1:]]
    if not known:
        walk.recorder.counters = before.merged(walk.recorder.counters)
    if known and len(rest) == 1:
        return rest[0]
    return walk.text(node, frame) if all(isinstance(item, Text) for item in (first, *rest)) else choice(first, *rest)


def _subscript(walk: Walk, node: nodes.Subscript, base: Value, index: Value, frame: Frame) -> Value:
    known, position = constant(index.expression) if isinstance(index, Text) else (False, None)
    if isinstance(base, Sequence):
        plain = not any(isinstance(item, Repeated) for item in base.items)
        if known and plain and isinstance(position, int) and -len(base.items) <= position < len(base.items):
            return base.items[position]
        return any_item(base)
    if isinstance(base, Table):
        if known:
            for key, item in base.items:
                if key is not None and constant(key) == (True, position):
                    return item
        return any_item(base)
    return walk.text(node, frame)


def _attribute(walk: Walk, node: nodes.Attribute, frame: Frame) -> Value:
    base = walk.evaluate(node.value, frame) if _may_be_value(node.value, frame) else None
    if isinstance(base, Self):
        return own_attribute(walk, node, frame)
    if isinstance(base, Super):
        found = find_method(walk.definition, node.attribute, walk.reach, after=base.owner)
        return walk.method_value(found) if isinstance(found, Method) else Text(node)
    if base is None:
        return resolution.value_of(walk, node, frame)
    return walk.text(node, frame)


def own_attribute(walk: Walk, node: nodes.Attribute, frame: Frame) -> Value:
    name = node.attribute
    if name in walk.recorder.attributes:
        value = walk.recorder.attributes[name]
        return value if walk.nested or not isinstance(value, Text) else Text(node)
    if name in walk.bindings:
        return walk.bindings[name]
    found = find_method(walk.definition, name, walk.reach)
    if isinstance(found, Method):
        if found.is_property:
            return walk.call_function(walk.method_value(found), ())
        return walk.method_value(found)
    return resolution.field_value(walk, node) or Text(node)


def _may_be_value(node: nodes.Expression, frame: Frame) -> bool:
    """Whether the base of an attribute is more than a module or class that a dotted global name goes through."""
    name = dotted(node)
    return name is None or name.partition(".")[0] in frame.locals
