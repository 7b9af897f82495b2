"""Statements pushed forward: the same statements, in the same order, on values and tangents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from jvpgen.analysis import callees
from jvpgen.analysis.activity import callee_of, is_active, makes_a_callable
from jvpgen.analysis.inertness import acts_on_tangents, needs_pushing
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward import calls, containers, expressions, functions, rule_terms
from jvpgen.forward.iteration import push_iteration, tangent_target
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Pushed,
    fits,
    mentions_out,
    name_value,
    reads_target,
    settle,
    store,
    tuple_of,
    zero_after,
)
from jvpgen.ir import nodes
from jvpgen.ir.scoping import root_name, target_names
from jvpgen.ir.show import show_statement

_FOR_TOOLS = ("# type:", "# noqa", "# pylint:", "# pyright:", "# fmt:", "# mypy:", "# pytype:")


def push_block(statements: Iterable[nodes.Statement], frame: Frame, depth: int) -> tuple[nodes.Statement, ...]:
    """The statements of a block, each with its tangent statements."""
    block = Block(depth)
    for statement in statements:
        block.taken.clear()
        own = block.child()
        push_statement(statement, frame, own)
        block.add(*_annotated(statement, own, frame))
    return tuple(block.statements)


def _annotated(source: nodes.Statement, own: Block, frame: Frame) -> list[nodes.Statement]:
    """The statements made of one source statement, with its comments; the source is quoted where it was taken apart."""
    made = own.statements
    if not made:
        return made
    quote: tuple[str, ...] = ()
    if own.taken and isinstance(
        source, nodes.Assign | nodes.AugmentedAssign | nodes.Return | nodes.ExpressionStatement
    ):
        quote = (_quoted(source, frame, own.depth),)
    made[0] = replace(made[0], comments=(*source.comments, *quote))
    if source.trailing is None or source.trailing.startswith(_FOR_TOOLS):
        return made
    last = replace(made[-1], trailing=source.trailing)
    if isinstance(last, type(source)) and fits(replace(last, comments=()), frame, own.depth):
        made[-1] = last
    else:
        made[0] = replace(made[0], comments=(source.trailing, *made[0].comments))
    return made


def _quoted(source: nodes.Statement, frame: Frame, depth: int) -> str:
    text = source.text_in_source or ""
    if not text or "\n" in text:
        text = show_statement(replace(source, comments=(), trailing=None))[0]
    room = frame.width - 4 * depth - 2
    return f"# {text}" if len(text) <= room else f"# {_cut(text, room - 4)} ..."


def _cut(text: str, room: int) -> str:
    """The beginning of a text, up to the end of a word."""
    return re.sub(r"[^\s,(\[{]*$", "", text[:room]).rstrip()


def push_statement(node: nodes.Statement, frame: Frame, block: Block) -> None:
    match node:
        case nodes.Assign():
            _assign(node, frame, block)
        case nodes.AugmentedAssign():
            _augmented(node, frame, block)
        case nodes.ExpressionStatement(value=value):
            _expression(value, frame, block)
        case nodes.Return(value=value):
            _return(value, frame, block)
        case nodes.If(test=test, body=body, orelse=orelse):
            _if(node, frame, block)
        case nodes.For():
            _for(node, frame, block)
        case nodes.While(test=test, body=body, orelse=orelse):
            test = _inline_test(test, frame, block, "the test of a `while` loop")
            inner, other = (push_block(part, frame, block.depth + 1) for part in (body, orelse))
            block.add(nodes.While(test, inner, other))
        case nodes.With(items=items, body=body):
            _with(items, body, frame, block)
        case nodes.Try():
            _try(node, frame, block)
        case nodes.Raise(exception=exception, cause=cause):
            block.add(nodes.Raise(*_primals((exception, cause), frame, block)))
        case nodes.Assert(test=test, message=message):
            pushed_test, pushed_message = _primals((test, message), frame, block)
            block.add(nodes.Assert(pushed_test or test, pushed_message))
        case nodes.Delete(targets=targets):
            _delete(targets, frame, block)
        case nodes.Function():
            functions.push_nested(node, frame, block)
        case nodes.UnsupportedStatement(reason=reason):
            raise NotExpressible(f"{reason} is outside the language", node)
        case nodes.Verbatim(text=text) if text.startswith(("global ", "nonlocal ")):
            raise NotExpressible(f"`{text.split()[0]}` is outside the language", node)
        case _:
            block.add(replace(node, comments=(), trailing=None))


def _primals(
    parts: Sequence[nodes.Expression | None], frame: Frame, block: Block
) -> tuple[nodes.Expression | None, ...]:
    """Expressions of which only the primals count."""
    if not any(part is not None and acts_on_tangents(part, frame.environment) for part in parts):
        return tuple(parts)
    values = iter(expressions.push_all([part for part in parts if part is not None], frame, block))
    return tuple(next(values).primal if part is not None else None for part in parts)


# --- Assignments ------------------------------------------------------------------------------------------------------


def _assign(node: nodes.Assign, frame: Frame, block: Block) -> None:
    if node.value is None:
        return
    if any(makes_a_callable(target, node.value, frame.environment) for target in node.targets):
        assert isinstance(node.value, nodes.Call)
        pushed = calls.evaluated(node.value, frame, block)
    elif isinstance(node.value, nodes.Conditional) and isinstance(node.targets[0], nodes.Name):
        pushed = _conditional(node.targets[0], node.value, frame, block)
        if pushed.primal == node.targets[0] and len(node.targets) == 1:
            return
    elif _is_elementwise(node):
        pushed = _elements(node.value, frame, block)
    else:
        pushed = expressions.push(node.value, frame, block)
    is_named = pushed.pair is None and isinstance(pushed.primal, nodes.Name | nodes.Constant)
    if len(node.targets) > 1 and not is_named:
        pushed = name_value(pushed, frame, block)  # one object, under all its names
    for target in node.targets:
        assign(target, pushed, frame, block)


def _conditional(target: nodes.Name, value: nodes.Conditional, frame: Frame, block: Block) -> Pushed:
    """`x = a if test else b`: the branches of an `if` store in `x` directly."""
    if not needs_pushing(value, frame.environment):
        return Pushed(value)
    return expressions.conditional(value, target, frame, block)


def _is_elementwise(node: nodes.Assign) -> bool:
    """Whether a tuple display is assigned, element by element, to a tuple of targets."""
    target = node.targets[0]
    is_single_tuple = len(node.targets) == 1 and isinstance(target, nodes.TupleDisplay)
    return is_single_tuple and isinstance(target, nodes.TupleDisplay) and _matches(target.elements, node.value)


def _matches(targets: Sequence[nodes.Expression], value: nodes.Expression | None) -> bool:
    """Whether a value is a tuple display with an element for each target."""
    if not isinstance(value, nodes.TupleDisplay) or len(targets) != len(value.elements):
        return False
    return not any(isinstance(part, nodes.Starred) for part in (*targets, *value.elements))


def _elements(value: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`f(x), n`: a tuple whose inactive elements have no tangent yet: their targets may not want one."""
    assert isinstance(value, nodes.TupleDisplay)
    values = expressions.push_all(value.elements, frame, block)
    if not any(item.is_active for item in values):
        return Pushed(tuple_of(item.primal for item in values))
    tangents = [item.tangent if item.tangent is not None else nodes.Constant("...") for item in values]
    return Pushed(tuple_of(item.primal for item in values), tuple_of(tangents))


def assign(target: nodes.Expression, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`target = pushed`, and the tangents to the targets' companions."""
    match target:
        case nodes.Name():
            expressions.store_value(target, pushed, frame, block)
        case nodes.TupleDisplay() | nodes.ListDisplay():
            _assign_tuple(target, pushed, frame, block)
        case _:
            _assign_part(target, pushed, frame, block)


def _assign_tuple(target: nodes.TupleDisplay | nodes.ListDisplay, pushed: Pushed, frame: Frame, block: Block) -> None:
    if not _any_active(target, frame):
        if pushed.pair is not None:
            block.assign(tuple_of((target, nodes.Name("_"))), pushed.pair)
        else:
            block.assign(target, pushed.primal)
        return
    if pushed.pair is not None:
        block.assign(tuple_of((target, tangent_target(target, frame))), pushed.pair)
        return
    if mentions_out(pushed.tangent or pushed.primal):
        pushed = name_value(pushed, frame, block)
    if _matches(target.elements, pushed.primal):
        _assign_elements(target.elements, pushed, frame, block)
        return
    if pushed.tangent is None:
        settled = pushed if is_trivial(pushed.primal) else name_value(pushed, frame, block)
        pushed = Pushed(settled.primal, frame.zero(settled.primal))
    assert pushed.tangent is not None
    if any(reads_target(pushed.tangent, part) for part in targets_in(target.elements)):
        block.assign(tuple_of((target, tangent_target(target, frame))), tuple_of((pushed.primal, pushed.tangent)))
        return
    block.assign(target, pushed.primal)
    block.assign(tangent_target(target, frame), pushed.tangent)


def _any_active(target: nodes.Expression, frame: Frame) -> bool:
    if isinstance(target, nodes.TupleDisplay | nodes.ListDisplay):
        return any(_any_active(element, frame) for element in target.elements)
    if isinstance(target, nodes.Starred):
        return _any_active(target.value, frame)
    return is_active_target(target, frame)


def is_active_target(target: nodes.Expression, frame: Frame) -> bool:
    """Whether what is stored in `target` has a companion."""
    match target:
        case nodes.Name(id=name):
            return name in frame.environment.active
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == frame.environment.self_name:
            facts = frame.environment.facts
            return facts is not None and attribute in facts.active_attributes
        case nodes.Attribute(value=value) | nodes.Subscript(value=value):
            return root_name(target) in frame.environment.active or is_active_target(value, frame)
    return False


def targets_in(targets: Iterable[nodes.Expression]) -> Iterator[nodes.Expression]:
    """The single targets in tuples of targets."""
    for target in targets:
        match target:
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                yield from targets_in(elements)
            case nodes.Starred(value=value):
                yield from targets_in((value,))
            case _:
                yield target


def _assign_elements(targets: Sequence[nodes.Expression], pushed: Pushed, frame: Frame, block: Block) -> None:
    """`a, b = f(x), g(y)`: one assignment to all primals and tangents."""
    assert isinstance(pushed.primal, nodes.TupleDisplay)
    primals = pushed.primal.elements
    given = pushed.tangent.elements if isinstance(pushed.tangent, nodes.TupleDisplay) else (None,) * len(primals)
    tangents: list[tuple[nodes.Expression, nodes.Expression]] = []
    later: list[tuple[nodes.Expression, nodes.Expression, nodes.Expression]] = []
    for target, primal, tangent in zip(targets, primals, given, strict=True):
        if not _any_active(target, frame):
            continue
        if tangent is None or tangent == nodes.Constant("..."):
            later.append((tangent_target(target, frame), target, primal))
        else:
            tangents.append((tangent_target(target, frame), tangent))
    left, right = tuple_of(targets), tuple_of(primals)
    split = not any(reads_target(tangent, target) for _, tangent in tangents for target in targets_in(targets))
    dots, values = tuple_of(target for target, _ in tangents), tuple_of(tangent for _, tangent in tangents)
    joint = nodes.Assign((tuple_of((*left.elements, *dots.elements)),), tuple_of((*right.elements, *values.elements)))
    if not tangents:
        block.assign(left, right)
    elif split and not fits(joint, frame, block.depth):
        block.assign(left, right)
        block.assign(*((dots, values) if len(tangents) > 1 else tangents[0]))
    else:
        block.add(joint)
    for dot, target, primal in later:
        block.assign(dot, zero_after(target, primal, frame))


def _assign_part(source: nodes.Expression, pushed: Pushed, frame: Frame, block: Block) -> None:
    """A store into an object: `d[k] = v`, `variable.value = v`, `self.x = v`."""
    target = _stored_target(source, frame, block)
    if not is_active_target(target, frame):
        if pushed.is_active:
            raise NotExpressible(
                f"an active value is stored in `{root_name(target)}`, an object of unknown kind", source
            )
        block.assign(
            target if pushed.pair is None else tuple_of((target, nodes.Name("_"))), pushed.pair or pushed.primal
        )
        return
    if pushed.pair is None and pushed.tangent is None:
        if not is_trivial(pushed.primal):
            pushed = name_value(pushed, frame, block)
        block.assign(target, pushed.primal)
        block.assign(tangent_target(target, frame), frame.zero(pushed.primal))
        return
    store(target, tangent_target(target, frame), pushed, frame, block)


def _stored_target(target: nodes.Expression, frame: Frame, block: Block) -> nodes.Expression:
    """The target with an index that can be written twice."""
    match target:
        case nodes.Subscript(value=value, index=index):
            pushed = expressions.plain(index, frame, block)
            if not is_trivial(pushed.primal):
                pushed = name_value(pushed, frame, block, "key")
            return nodes.Subscript(_stored_target(value, frame, block), pushed.primal)
        case nodes.Attribute(value=value, attribute=attribute):
            return nodes.Attribute(_stored_target(value, frame, block), attribute)
        case nodes.Name():
            return target
    raise NotExpressible("a store into the result of an expression", target)


def _augmented(node: nodes.AugmentedAssign, frame: Frame, block: Block) -> None:
    """`x += y` on both halves; any other operator is written out."""
    if not is_active_target(node.target, frame):
        value = expressions.plain(node.value, frame, block)
        if value.is_active:
            raise NotExpressible("an active value is added to an object of unknown kind", node)
        block.add(nodes.AugmentedAssign(node.target, node.operator, value.primal))
        return
    if node.operator in ("+", "|") or not isinstance(node.target, nodes.Name):
        target = _stored_target(node.target, frame, block)
        if node.operator in ("+", "|"):
            _in_place(target, node.operator, node.value, frame, block)
            return
        node = replace(node, target=target)
    written_out = nodes.Binary(node.target, node.operator, node.value, span=node.span)
    assign(node.target, expressions.push(written_out, frame, block), frame, block)


def _in_place(target: nodes.Expression, operator: str, value: nodes.Expression, frame: Frame, block: Block) -> None:
    """`x += y`, `d |= e`: done to the value and to its tangent."""
    pushed = expressions.plain(value, frame, block)
    dot = tangent_target(target, frame)
    if pushed.tangent is None:
        if not is_trivial(pushed.primal):
            pushed = name_value(pushed, frame, block)
        block.add(nodes.AugmentedAssign(target, operator, pushed.primal))
        if not rule_terms.is_plain_number(pushed.primal, frame):
            block.add(nodes.AugmentedAssign(dot, operator, frame.zero(pushed.primal)))
        return
    if reads_target(pushed.tangent, target):  # the tangent needs the old value
        total = nodes.Binary(target, operator, pushed.primal), nodes.Binary(dot, operator, pushed.tangent)
        block.assign(tuple_of((target, dot)), tuple_of(total))
        return
    block.add(nodes.AugmentedAssign(target, operator, pushed.primal))
    block.add(nodes.AugmentedAssign(dot, operator, pushed.tangent))


# --- Other simple statements ------------------------------------------------------------------------------------------


def _expression(value: nodes.Expression, frame: Frame, block: Block) -> None:
    kind = callee_of(value, frame.environment) if isinstance(value, nodes.Call) else None
    if isinstance(value, nodes.Call) and isinstance(kind, callees.Mutation):
        pushed = containers.push_mutation(value, kind.container, kind.method, frame, block)
    else:
        pushed = expressions.push(value, frame, block)
    if isinstance(pushed.pair, nodes.TupleDisplay):  # `xs.append(x)`, `xs.pop()`: done to the tangents as well
        block.add(*(nodes.ExpressionStatement(part) for part in pushed.pair.elements))
    elif pushed.pair is not None:
        block.add(nodes.ExpressionStatement(pushed.pair))
    elif not is_trivial(pushed.primal):
        block.add(nodes.ExpressionStatement(pushed.primal))
    elif isinstance(value, nodes.Constant):
        block.add(nodes.ExpressionStatement(value))


def _return(value: nodes.Expression | None, frame: Frame, block: Block) -> None:
    if value is None:
        block.add(nodes.Return(tuple_of((nodes.Constant("None"), nodes.Constant("None")))))
        return
    pushed = expressions.push(value, frame, block)
    if pushed.pair is not None:
        block.add(nodes.Return(pushed.pair))
        return
    if not pushed.is_plain:
        pushed = settle(pushed, frame, block)
    if pushed.tangent is None and not is_trivial(pushed.primal):
        pushed = name_value(pushed, frame, block)
    tangent = pushed.tangent if pushed.tangent is not None else frame.zero(pushed.primal)
    both = nodes.Return(tuple_of((pushed.primal, tangent)))
    block.add(both if fits(both, frame, block.depth) else replace(both, parenthesized=True))


def _delete(targets: Sequence[nodes.Expression], frame: Frame, block: Block) -> None:
    deleted: list[nodes.Expression] = []
    for target in targets:
        deleted.append(target)
        if is_active_target(target, frame):
            deleted.append(tangent_target(target, frame))
    block.add(nodes.Delete(tuple(deleted)))


# --- Compound statements ----------------------------------------------------------------------------------------------


def _if(node: nodes.If, frame: Frame, block: Block) -> None:
    test = expressions.truth(node.test, frame, block)
    body = push_block(node.body, frame, block.depth + 1)
    if len(node.orelse) == 1 and isinstance(node.orelse[0], nodes.If) and node.orelse[0].is_elif:
        nested = Block(block.depth)
        _if(node.orelse[0], frame, nested)
        if len(nested.statements) == 1:
            (only,) = nested.statements
            assert isinstance(only, nodes.If)
            only = replace(only, is_elif=True, comments=node.orelse[0].comments, trailing=node.orelse[0].trailing)
            block.add(nodes.If(test, body, (only,)))
            return
    block.add(nodes.If(test, body, push_block(node.orelse, frame, block.depth + 1)))


def _for(node: nodes.For, frame: Frame, block: Block) -> None:
    iteration = push_iteration(node.target, node.iterable, frame, frame, block)
    body = push_block(node.body, frame, block.depth + 1)
    missing = [
        name
        for name in dict.fromkeys(target_names(node.target))
        if name in frame.environment.active and nodes.Name(frame.naming.tangent(name)) not in _targets(iteration.target)
    ]
    zeros = tuple(nodes.Assign((frame.tangent(name),), frame.zero(nodes.Name(name))) for name in missing)
    orelse = push_block(node.orelse, frame, block.depth + 1)
    block.add(nodes.For(iteration.target, iteration.iterable, (*zeros, *body), orelse))


def _targets(target: nodes.Expression) -> list[nodes.Node]:
    return [part for part in nodes.walk(target) if isinstance(part, nodes.Name)]


def _with(items: Sequence[nodes.WithItem], body: tuple[nodes.Statement, ...], frame: Frame, block: Block) -> None:
    pushed_items = []
    for item in items:
        if is_active(item.context, frame.environment):
            raise NotExpressible("a `with` block over an active value", item.context)
        pushed_items.append(nodes.WithItem(expressions.plain(item.context, frame, block).primal, item.target))
    block.add(nodes.With(tuple(pushed_items), push_block(body, frame, block.depth + 1)))


def _try(node: nodes.Try, frame: Frame, block: Block) -> None:
    depth = block.depth + 1
    handlers = tuple(replace(handler, body=push_block(handler.body, frame, depth)) for handler in node.handlers)
    body, orelse, final = (push_block(part, frame, depth) for part in (node.body, node.orelse, node.finalbody))
    block.add(nodes.Try(body, handlers, orelse, final))


def _inline_test(test: nodes.Expression, frame: Frame, block: Block, what: str) -> nodes.Expression:
    if not acts_on_tangents(test, frame.environment):
        return test
    scratch = block.child()
    pushed = expressions.push(test, frame, scratch)
    if scratch.statements or not pushed.is_plain:
        raise NotExpressible(f"{what} calls something with a derivative", test)
    return pushed.primal
