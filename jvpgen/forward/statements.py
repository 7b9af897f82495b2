"""Statements pushed forward: the same statements, in the same order, on values and tangents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from jvpgen.analysis import callees
from jvpgen.analysis.activity import callee_of, is_active
from jvpgen.analysis.inertness import acts_on_tangents
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward import assignments, containers, expressions, functions, matching
from jvpgen.forward.iteration import push_iteration, tangent_target
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Pushed,
    fits,
    name_value,
    settle,
    tuple_of,
)
from jvpgen.forward.quoting import quoted
from jvpgen.ir import nodes
from jvpgen.ir.scoping import target_names
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
    """The statements made of one source statement, with its comments; the source is quoted where it was taken apart
    into more than a temporary and its use."""
    made = own.statements
    if not made:
        return made
    quote: tuple[str, ...] = ()
    is_plain = isinstance(source, nodes.Assign | nodes.AugmentedAssign | nodes.Return | nodes.ExpressionStatement)
    if own.taken and is_plain and not _is_obvious(made, frame, own.depth):
        text = source.text_in_source or show_statement(replace(source, comments=(), trailing=None))[0]
        quote = quoted(text, frame.width - 4 * own.depth)
    made[0] = replace(made[0], comments=(*source.comments, *quote))
    if source.trailing is None or source.trailing.startswith(_FOR_TOOLS):
        return made
    last = replace(made[-1], trailing=source.trailing)
    if isinstance(last, type(source)) and fits(replace(last, comments=()), frame, own.depth):
        made[-1] = last
    else:
        made[0] = replace(made[0], comments=(source.trailing, *made[0].comments))
    return made


def _is_obvious(made: list[nodes.Statement], frame: Frame, depth: int) -> bool:
    """Whether a statement became a temporary and its use, each on one line: they show as well what it was."""
    plain = [replace(part, comments=(), trailing=None) for part in made]
    return len(made) == 2 and all(len(show_statement(part)) == 1 and fits(part, frame, depth) for part in plain)


def push_statement(node: nodes.Statement, frame: Frame, block: Block) -> None:
    match node:
        case nodes.Assign():
            assignments.push_assign(node, frame, block)
        case nodes.AugmentedAssign():
            assignments.push_augmented(node, frame, block)
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
        case nodes.Match():
            matching.push_match(node, frame, block)
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
        case nodes.Nonlocal(names=names):
            tangents = (frame.naming.tangent(name) for name in names if name in frame.environment.active)
            block.add(nodes.Nonlocal((*names, *tangents)))
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
    if pushed.pair is not None and not frame.drops_tangents:
        block.add(nodes.Return(pushed.pair))
        return
    if not pushed.is_plain:
        pushed = settle(pushed, frame, block)
    if frame.drops_tangents:
        pushed = Pushed(pushed.primal)
    if pushed.tangent is None and not is_trivial(pushed.primal):
        pushed = name_value(pushed, frame, block)
    tangent = pushed.tangent if pushed.tangent is not None else frame.zero(pushed.primal)
    both = nodes.Return(tuple_of((pushed.primal, tangent)))
    block.add(both if fits(both, frame, block.depth) else replace(both, parenthesized=True))


def _delete(targets: Sequence[nodes.Expression], frame: Frame, block: Block) -> None:
    deleted: list[nodes.Expression] = []
    for target in targets:
        target = assignments.stored_target(target, frame, block)
        deleted.append(target)
        if assignments.is_active_target(target, frame):
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
