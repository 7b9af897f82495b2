"""Comprehensions: two of them, where each half can be written alone; else a loop that fills two containers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jvpgen.analysis.activity import inside_comprehension, is_active
from jvpgen.analysis.effects import is_pure
from jvpgen.analysis.inertness import needs_pushing
from jvpgen.analysis.late_binding import is_bound_once, kept_functions
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward import expressions
from jvpgen.forward.iteration import Iteration, has_active_target, push_iteration, tangent_target
from jvpgen.forward.pushed import Block, Frame, NotExpressible, Pushed, call, commit, settle, store, tuple_of
from jvpgen.ir import nodes
from jvpgen.ir.renaming import substitute
from jvpgen.ir.scoping import reads, target_names


def push_comprehension(
    node: nodes.Comprehension, frame: Frame, block: Block, target: nodes.Name | None = None
) -> Pushed:
    """The container that the comprehension makes, and that of its tangents; a loop may fill `target` itself."""
    inside = frame.within(inside_comprehension(node, frame.environment))
    trial = Block(block.depth, {*block.taken})  # if it needs statements, they and their names are thrown away
    element = expressions.push(_value(node), inside, trial)
    if not trial.statements and element.is_plain and _clauses_are_simple(node, frame):
        both = _two_comprehensions(node, element, frame, inside, block)
        if both is not None:
            return both
    return _loop(node, target, frame, block)


def _value(node: nodes.Comprehension) -> nodes.Expression:
    if node.kind == "dict":
        assert isinstance(node.element, nodes.TupleDisplay)
        return node.element.elements[1]
    return node.element


def _with_value(node: nodes.Comprehension, value: nodes.Expression) -> nodes.Expression:
    if node.kind == "dict":
        assert isinstance(node.element, nodes.TupleDisplay)
        return nodes.TupleDisplay((node.element.elements[0], value))
    return value


def _clauses_are_simple(node: nodes.Comprehension, frame: Frame) -> bool:
    """Whether iterables and conditions need no statements: what they call has no tangent, or is a name."""
    environment = frame.environment
    for clause in node.clauses:
        parts = [*clause.conditions]
        if not is_active(clause.iterable, environment):
            parts.append(clause.iterable)
        if any(needs_pushing(part, environment) and not _is_read(part) for part in parts):
            return False
        environment = inside_comprehension(replace(node, clauses=(clause,)), environment)
        if not all(is_pure(condition, environment) for condition in clause.conditions):  # they would be asked twice
            return False
    return True


def _is_read(node: nodes.Expression) -> bool:
    return not any(isinstance(part, nodes.Call) for part in nodes.walk(node))


def _two_comprehensions(
    node: nodes.Comprehension, element: Pushed, frame: Frame, inside: Frame, block: Block
) -> Pushed | None:
    primal = nodes.Comprehension(node.kind, _with_value(node, element.primal), node.clauses, span=node.span)
    if element.tangent is None:
        if any(
            is_active(clause.iterable, frame.environment) and not _is_read(clause.iterable) for clause in node.clauses
        ):
            return None
        return Pushed(primal)
    scratch = block.child()
    needed = reads(_with_value(node, element.tangent))
    clauses: list[nodes.Clause] = []
    for position, clause in reversed(list(enumerate(node.clauses))):
        around = frame.within(inside_comprehension(replace(node, clauses=node.clauses[:position]), frame.environment))
        needed = needed.union(*map(reads, clause.conditions))
        made = _tangent_clause(clause, needed, around, inside, scratch)
        if made is None or scratch.statements:
            return None
        clauses.insert(0, made)
        needed |= reads(made.iterable)
    return Pushed(primal, nodes.Comprehension(node.kind, _with_value(node, element.tangent), tuple(clauses)))


def _tangent_clause(
    clause: nodes.Clause, needed: frozenset[str], frame: Frame, inside: Frame, scratch: Block
) -> nodes.Clause | None:
    """The clause of the comprehension over tangents: over the tangents alone, if what follows needs no primal."""
    if not has_active_target(clause.target, inside):
        return clause if is_trivial_iterable(clause.iterable) else None
    if not needed & set(target_names(clause.target)):
        pushed = expressions.push(clause.iterable, frame, scratch)
        if pushed.is_plain and pushed.tangent is not None and is_trivial(pushed.tangent):
            return nodes.Clause(tangent_target(clause.target, inside), pushed.tangent, clause.conditions)
    iteration = push_iteration(clause.target, clause.iterable, inside, frame, scratch)
    if not is_trivial_iterable(iteration.iterable):
        return None
    return nodes.Clause(iteration.target, iteration.iterable, clause.conditions)


def _key(node: nodes.Comprehension) -> nodes.Expression:
    assert isinstance(node.element, nodes.TupleDisplay)
    return node.element.elements[0]


def is_trivial_iterable(node: nodes.Expression) -> bool:
    """Whether a loop may run over `node` twice: trivial, or the usual wrappers of what is trivial."""
    match node:
        case nodes.Call(
            function=nodes.Name(id="zip" | "enumerate" | "range" | "len" | "pairs" | "reversed"), arguments=arguments
        ):
            return all(is_trivial_iterable(argument.value) for argument in arguments)
        case nodes.Call(function=nodes.Attribute(value=value, attribute="items" | "values" | "keys"), arguments=()):
            return is_trivial_iterable(value)
    return is_trivial(node)


# --- As a loop --------------------------------------------------------------------------------------------------------


def _loop(node: nodes.Comprehension, target: nodes.Name | None, frame: Frame, block: Block) -> Pushed:
    """`items = []`, a `for` that fills it, and the same for the tangents."""
    may_fill_target = target is not None and _is_unseen(target.id, node, frame)
    _refuse_late_binding(node, frame)
    node = _renamed(node, frame, block)
    inside = frame.within(inside_comprehension(node, frame.environment))
    active = is_active(_value(node), inside.environment)
    if target is not None and may_fill_target and (target.id in frame.environment.active) == active:
        name = target
    else:
        name = nodes.Name(frame.naming.temporary("items", block.taken))
    tangent = frame.tangent(name.id) if active else None
    empty: nodes.Expression = nodes.DictDisplay(()) if node.kind == "dict" else nodes.ListDisplay(())
    if tangent is not None:
        block.assign(tuple_of((name, tangent)), tuple_of((empty, empty)))
    else:
        block.assign(name, empty)
    _fill(node, node.clauses, name, tangent, frame, block)
    return Pushed(name, tangent)


def _is_unseen(name: str, node: nodes.Comprehension, frame: Frame) -> bool:
    """Whether nothing that runs while the loop fills `name` could have read what the name meant before."""
    inner = {inner for clause in node.clauses for inner in target_names(clause.target)}
    return name not in reads(node) | inner and is_bound_once(name, frame.environment)


def _refuse_late_binding(node: nodes.Comprehension, frame: Frame) -> None:
    """A function that reads a variable of the comprehension later sees its last value: so it would after the loop, if
    nothing else ever bound the name in this scope."""
    bound = {name for clause in node.clauses for name in target_names(clause.target)}
    for function in kept_functions(node.element, frame.environment):
        read_later = reads(function.body) - {*function.parameters.names()}
        late = sorted(name for name in bound & read_later if not is_bound_once(name, frame.environment))
        if late:
            raise NotExpressible(f"a function keeps the variable `{late[0]}` of a comprehension", function)


def _renamed(node: nodes.Comprehension, frame: Frame, block: Block) -> nodes.Comprehension:
    """The comprehension with its variables renamed where a loop would hide something else of the same name."""
    environment = frame.environment
    hidden = environment.local | block.taken
    names = dict.fromkeys(name for clause in node.clauses for name in target_names(clause.target))
    values: dict[str, nodes.Name] = {}
    for name in names:
        if name in hidden or environment.qualified(name) is not None:
            values[name] = nodes.Name(frame.naming.temporary(f"{name}_item", {*hidden}))
    block.taken.update(value.id for value in values.values())
    if not values:
        return node
    (first, *others), element = node.clauses, node.element
    inner = [_clause_with(clause, substitute(clause.iterable, values), values) for clause in others]
    clauses = (_clause_with(first, first.iterable, values), *inner)
    return replace(node, element=substitute(element, values), clauses=clauses)


def _clause_with(clause: nodes.Clause, iterable: nodes.Expression, values: Mapping[str, nodes.Name]) -> nodes.Clause:
    conditions = tuple(substitute(condition, values) for condition in clause.conditions)
    return nodes.Clause(substitute(clause.target, values), iterable, conditions)


def _fill(
    node: nodes.Comprehension,
    clauses: tuple[nodes.Clause, ...],
    name: nodes.Name,
    tangent: nodes.Name | None,
    frame: Frame,
    block: Block,
) -> None:
    if not clauses:
        _add_element(node, name, tangent, frame, block)
        return
    clause, *rest = clauses
    one = nodes.Comprehension("list", nodes.Constant("None"), (clause,))
    inside = frame.within(inside_comprehension(one, frame.environment))
    iteration: Iteration = push_iteration(clause.target, clause.iterable, inside, frame, block)
    body = block.inner()
    _conditioned(node, clause.conditions, tuple(rest), name, tangent, inside, body)
    block.add(nodes.For(iteration.target, iteration.iterable, tuple(body.statements)))


def _conditioned(
    node: nodes.Comprehension,
    conditions: tuple[nodes.Expression, ...],
    rest: tuple[nodes.Clause, ...],
    name: nodes.Name,
    tangent: nodes.Name | None,
    frame: Frame,
    block: Block,
) -> None:
    """What runs under the conditions of a clause."""
    if not conditions:
        _fill(node, rest, name, tangent, frame, block)
        return
    test = expressions.plain(conditions[0], frame, block).primal
    inner = block.inner()
    _conditioned(node, conditions[1:], rest, name, tangent, frame, inner)
    block.add(nodes.If(test, tuple(inner.statements)))


def _key_and_value(node: nodes.Comprehension, frame: Frame, block: Block) -> tuple[nodes.Expression, Pushed]:
    """The key, which may be written twice, and the value, in this order."""
    operands = [expressions.push_operand(part, frame, block) for part in (_key(node), _value(node))]
    is_cheap = is_pure(operands[0].pushed.primal, frame.environment)
    key, value = commit(operands, frame, block, () if is_cheap else (0,), keep=(1,))
    return key.primal, value


def _add_element(
    node: nodes.Comprehension, name: nodes.Name, tangent: nodes.Name | None, frame: Frame, block: Block
) -> None:
    if node.kind == "dict":
        key, pushed = _key_and_value(node, frame, block)
        target: nodes.Expression = nodes.Subscript(name, key)
        if tangent is not None:
            store(target, nodes.Subscript(tangent, key), pushed, frame, block)
        else:
            block.assign(target, pushed.primal)
        return
    pushed = expressions.push(_value(node), frame, block)
    value = pushed if pushed.is_plain else settle(pushed, frame, block)
    if tangent is not None and value.tangent is None:
        value = settle(value, frame, block)
    block.add(nodes.ExpressionStatement(call(nodes.Attribute(name, "append"), value.primal)))
    if tangent is not None:
        value_dot = value.tangent if value.tangent is not None else frame.zero(value.primal)
        block.add(nodes.ExpressionStatement(call(nodes.Attribute(tangent, "append"), value_dot)))
