"""Expressions pushed forward: each gives its primal and its tangent, and may need statements before it.

What is inactive through and through is returned as the user wrote it. In everything else operands are pushed in
Python's order, the tangent is built from theirs, and what both halves need more than trivially gets a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from jvpgen.analysis import records
from jvpgen.analysis.activity import is_active, is_foreign_attribute, is_module_variables, reads_submodule
from jvpgen.analysis.callees import is_super
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import acts_on_tangents, needs_pushing
from jvpgen.analysis.instances import is_collection
from jvpgen.analysis.purity import is_index_arithmetic, is_trivial
from jvpgen.forward import calls, comprehensions, containers, functions, rule_terms
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Operand,
    Pushed,
    call,
    commit,
    in_both_halves,
    name_value,
    outside_subscript,
    paired,
    settle,
    store,
    tuple_of,
)
from jvpgen.ir import nodes
from jvpgen.rules import Rule, lookup


def push(node: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """The value of `node` with its tangent; statements that must run before go to `block`."""
    if not needs_pushing(node, frame.environment):
        return Pushed(node)
    own = records.own_operator(node, frame.environment)
    if own is not None:
        return _own_operator(node, own, frame, block)
    match node:
        case nodes.Name(id=name):
            return Pushed(node, frame.tangent(name))
        case nodes.Attribute():
            return _attribute(node, frame, block)
        case nodes.Subscript():
            return _subscript(node, frame, block)
        case nodes.Unary(operator="not", operand=operand):
            return Pushed(nodes.Unary("not", plain(operand, frame, block).primal, span=node.span))
        case nodes.Unary(operator=operator, operand=operand):
            return _operator(node, f"operator.unary{operator}", (operand,), frame, block)
        case nodes.Binary(left=left, operator="|", right=right):
            return _union(node, left, right, frame, block)
        case nodes.Binary(operator="+" | "*") if is_collection(node, frame.environment):
            return containers.push_concatenation(node, frame, block)
        case nodes.Binary(left=left, operator=operator, right=right):
            return _operator(node, _operator_rule(operator, right), (left, right), frame, block)
        case nodes.Comparison(left=left, rights=rights):
            values = push_all((left, *rights), frame, block)
            first, *others = (value.primal for value in values)
            return Pushed(nodes.Comparison(first, node.operators, tuple(others), span=node.span))
        case nodes.Boolean():
            return _boolean(node, frame, block)
        case nodes.Conditional():
            return _conditional(node, frame, block)
        case nodes.TupleDisplay(elements=elements):
            return _display(nodes.TupleDisplay, elements, node, frame, block)
        case nodes.ListDisplay(elements=elements):
            return _display(nodes.ListDisplay, elements, node, frame, block)
        case nodes.DictDisplay():
            return _dict_display(node, frame, block)
        case nodes.Starred(value=value):
            pushed = plain(value, frame, block)
            tangent = nodes.Starred(pushed.tangent) if pushed.tangent is not None else None
            return Pushed(nodes.Starred(pushed.primal), tangent)
        case nodes.Comprehension():
            return comprehensions.push_comprehension(node, frame, block)
        case nodes.NamedExpression(target=target, value=value):
            store_value(target, push(value, frame, block), frame, block)
            return push(target, frame, block)
        case nodes.Call():
            return calls.push_call(node, frame, block)
        case nodes.Lambda():
            return functions.push_lambda(node, frame, block)
        case nodes.SetDisplay(elements=elements):
            return Pushed(nodes.SetDisplay(tuple(item.primal for item in push_all(elements, frame, block))))
        case nodes.FormattedString():
            raise NotExpressible("an f-string that calls something with a derivative", node)
        case nodes.Unsupported(reason=reason):
            raise NotExpressible(f"{reason} is outside the language", node)
    raise NotExpressible(f"`{type(node).__name__.lower()}` over an active value", node)


def plain(node: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`push`, with pairs unpacked and outputs named: primal and tangent can be used in place."""
    pushed = push(node, frame, block)
    return pushed if pushed.is_plain else settle(pushed, frame, block)


def truth(node: nodes.Expression, frame: Frame, block: Block) -> nodes.Expression:
    """An expression of which only the primal counts, as the test of an `if`."""
    if not acts_on_tangents(node, frame.environment):
        return node
    return plain(node, frame, block).primal


def push_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """An operand whose statements are kept apart until it is committed."""
    own = block.child()
    return Operand(push(node, frame, own), own, node)


def push_all(expressions: Sequence[nodes.Expression], frame: Frame, block: Block, named: bool = False) -> list[Pushed]:
    """Several expressions in order, ready for use; all with trivial primals and tangents if `named`."""
    operands = [push_operand(expression, frame, block) for expression in expressions]
    return commit(operands, frame, block, range(len(operands)) if named else ())


def store_value(target: nodes.Name, pushed: Pushed, frame: Frame, block: Block) -> None:
    """`target = pushed`, the companion stored along if the name is active."""
    if target.id in frame.environment.active:
        store(target, frame.tangent(target.id), pushed, frame, block)
    elif pushed.pair is not None:
        block.assign(tuple_of((target, nodes.Name("_"))), pushed.pair)
    else:
        block.assign(target, pushed.primal)


# --- Attributes and subscripts ----------------------------------------------------------------------------------------


def _attribute(node: nodes.Attribute, frame: Frame, block: Block) -> Pushed:
    environment = frame.environment
    if is_super(node.value):
        raise NotExpressible(f"`super().{node.attribute}` is a property", node)
    if is_module_variables(node, environment):
        receiver = plain(node.value, frame, block).primal
        return paired(call(frame.naming.helper("variables_of"), receiver), node)
    if isinstance(node.value, nodes.Name) and node.value.id == environment.self_name:
        facts = environment.facts
        if node.attribute == "__dict__":
            raise NotExpressible("`self.__dict__` may be given any attribute", node)
        if facts is not None and node.attribute in facts.active_properties | facts.array_fields:
            return _read_at_run_time(Pushed(node.value), node, frame)
        if facts is not None and not facts.setup_is_written:
            raise NotExpressible(f"`setup`, which makes `{node.attribute}`, is not written out", node)
        if facts is not None and is_foreign_attribute(node.attribute, facts):
            return _read_at_run_time(Pushed(node.value), node, frame)
        return Pushed(node, nodes.Attribute(node.value, frame.naming.tangent_attribute(node.attribute)))
    if reads_submodule(node, environment):
        return _read_at_run_time(Pushed(plain(node.value, frame, block).primal), node, frame)
    value = plain(node.value, frame, block)
    if value.is_active and is_decided_by_class(node, environment):
        return _read_at_run_time(value, node, frame)
    primal = nodes.Attribute(value.primal, node.attribute, span=node.span)
    if value.tangent is None or not is_active(node, environment):
        return Pushed(primal)
    return Pushed(primal, nodes.Attribute(value.tangent, node.attribute))


def is_decided_by_class(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether the class of a value says what an attribute is: a property, a bound method, a field called as arrays
    call a size, or what a subclass brings."""
    is_own = records.may_be_property(node, environment) or records.may_be_method(node, environment)
    return is_own or records.has_ambiguous_field(node, environment) or records.is_undeclared(node, environment)


def _read_at_run_time(owner: Pushed, node: nodes.Attribute, frame: Frame) -> Pushed:
    """An attribute that another class sets, or computes: only run time knows whether it has a tangent."""
    arguments = tuple_of((owner.primal, nodes.Constant(f'"{node.attribute}"')))
    tangents = tuple_of((owner.tangent or nodes.Constant("None"), nodes.Constant("None")))
    return paired(call(frame.naming.helper("pushforward"), nodes.Name("getattr"), arguments, tangents), node)


def _subscript(node: nodes.Subscript, frame: Frame, block: Block) -> Pushed:
    parts = list(_index_parts(node.index))
    operands = [push_operand(part, frame, block) for part in (node.value, *parts)]
    twice = operands[0].pushed.is_active
    named = {index + 1 for index, part in enumerate(parts) if twice and not is_index_arithmetic(part)}
    value, *values = commit(operands, frame, block, named)
    index = _rebuilt_index(node.index, iter([part.primal for part in values]))
    primal = nodes.Subscript(value.primal, index, span=node.span)
    return Pushed(primal, nodes.Subscript(value.tangent, index) if value.tangent is not None else None)


def _index_parts(index: nodes.Expression) -> Iterator[nodes.Expression]:
    """The expressions in an index: a slice is none itself, its bounds are."""
    match index:
        case nodes.TupleDisplay(elements=elements):
            for element in elements:
                yield from _index_parts(element)
        case nodes.Slice(lower=lower, upper=upper, step=step):
            yield from (bound for bound in (lower, upper, step) if bound is not None)
        case _:
            yield index


def _rebuilt_index(index: nodes.Expression, parts: Iterator[nodes.Expression]) -> nodes.Expression:
    match index:
        case nodes.TupleDisplay(elements=elements):
            return nodes.TupleDisplay(tuple(_rebuilt_index(element, parts) for element in elements))
        case nodes.Slice(lower=lower, upper=upper, step=step):
            bounds = [next(parts) if bound is not None else None for bound in (lower, upper, step)]
            return nodes.Slice(*bounds)
    return next(parts)


# --- Operators --------------------------------------------------------------------------------------------------------


def _operator_rule(operator: str, right: nodes.Expression) -> str:
    if operator == "**" and isinstance(right, nodes.Constant) and lookup(f"operator.**{right.text}") is not None:
        return f"operator.**{right.text}"
    return f"operator.{operator}"


def _operator(
    node: nodes.Unary | nodes.Binary, name: str, parts: Sequence[nodes.Expression], frame: Frame, block: Block
) -> Pushed:
    rule = lookup(name)
    if rule is None:
        raise NotExpressible(f"the operator `{node.operator}` has no rule", node)
    parameters = [parameter.name for parameter in rule.parameters]
    operands = [push_operand(part, frame, block) for part in parts]

    def rebuilt(primals: Sequence[nodes.Expression]) -> nodes.Expression:
        if isinstance(node, nodes.Unary):
            return nodes.Unary(node.operator, primals[0], span=node.span)
        return nodes.Binary(primals[0], node.operator, primals[1], span=node.span)

    padded = [*parameters, "exponent"][: len(parts)]
    return apply_rule(rule, padded, operands, rebuilt, node, frame, block)


def _own_operator(node: nodes.Expression, name: str, frame: Frame, block: Block) -> Pushed:
    """`pushforward(operator.mul, …)`: an operator that the class of an operand may define."""
    match node:
        case nodes.Binary(left=left, right=right):
            operands: tuple[nodes.Expression, ...] = (left, right)
        case nodes.Subscript(value=value, index=index):
            operands = (value, index)
            has_slices = any(isinstance(part, nodes.Slice) for part in nodes.walk(index))
            if has_slices and is_active(index, frame.environment):
                raise NotExpressible("a slice stands beside an active value in an index", node)
            if has_slices:
                operands = (value, outside_subscript(index, frame))
        case _:
            assert isinstance(node, nodes.Unary)
            operands = (node.operand,)
    function = nodes.Attribute(frame.naming.module("operator"), name)
    pushed = calls.dispatched(nodes.Call(function, tuple(map(nodes.Argument, operands))), frame, block)
    return replace(pushed, primal=node)


def _union(node: nodes.Binary, left: nodes.Expression, right: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`d | e` of two dicts; of anything else, `|` has no tangent, and neither have its operands."""
    operands = [push_operand(part, frame, block) for part in (left, right)]
    named = in_both_halves(operands)
    values = commit(operands, frame, block, named)
    primal = nodes.Binary(values[0].primal, "|", values[1].primal, span=node.span)
    if not any(value.is_active for value in values):
        return Pushed(primal)
    first, second = (_element_tangent(value, frame) for value in values)
    return Pushed(primal, nodes.Binary(first, "|", second))


def apply_rule(
    rule: Rule,
    parameters: Sequence[str],
    operands: Sequence[Operand],
    rebuilt: Callable[[Sequence[nodes.Expression]], nodes.Expression],
    node: nodes.Expression,
    frame: Frame,
    block: Block,
) -> Pushed:
    """The result of a rule given by formulas (or of a constant one), `rebuilt` being the primal from its operands."""
    tensors = set(rule.tensors)
    active = any(
        operand.pushed.is_active and name in tensors for name, operand in zip(parameters, operands, strict=True)
    )
    if rule.kind == "constant" or not active:
        values = commit(operands, frame, block)
        return Pushed(rebuilt([value.primal for value in values]))
    if rule.kind == "call":
        return _formula_call(rule, parameters, operands, node, frame, block)
    bound = [
        rule_terms.BoundOperand(name, operand if name in tensors else _without_tangent(operand, frame))
        for name, operand in zip(parameters, operands, strict=True)
    ]
    primal_needed, tangent_needed = rule_terms.formula_needs(rule, bound, frame)
    values = commit([item.operand for item in bound], frame, block, _not_trivial(bound, primal_needed, tangent_needed))
    primal = rebuilt([value.primal for value in values])
    return Pushed(primal, rule_terms.formula_tangent(rule, parameters, values, frame))


def _without_tangent(operand: Operand, frame: Frame) -> Operand:
    """An operand along which the rule has no derivative: only its primal counts."""
    pushed = operand.pushed if operand.pushed.is_plain else settle(operand.pushed, frame, operand.block)
    return replace(operand, pushed=Pushed(pushed.primal))


def _not_trivial(
    bound: Sequence[rule_terms.BoundOperand], primal_needed: set[int], tangent_needed: set[int]
) -> set[int]:
    """Which operands must be named, given whose primal and whose tangent is written more than once."""
    named = set()
    for index, item in enumerate(bound):
        pushed = item.operand.pushed
        if index in primal_needed and not is_trivial(pushed.primal):
            named.add(index)
        if index in tangent_needed and pushed.tangent is not None and not is_trivial(pushed.tangent):
            named.add(index)
    return named


def _formula_call(
    rule: Rule,
    parameters: Sequence[str],
    operands: Sequence[Operand],
    node: nodes.Expression,
    frame: Frame,
    block: Block,
) -> Pushed:
    """`f_jvp(a, a_dot, …)`: the operands in order, each tensor followed by its tangent."""
    values = commit(operands, frame, block, range(len(operands)))
    arguments: list[nodes.Expression] = []
    for parameter, value in zip(parameters, values, strict=True):
        arguments.append(value.primal)
        if parameter in rule.tensors:
            arguments.append(value.tangent if value.tangent is not None else nodes.Constant("None"))
    return Pushed(node, None, call(nodes.Name(rule.function or ""), *arguments))


# --- Choices ----------------------------------------------------------------------------------------------------------


def _conditional(node: nodes.Conditional, frame: Frame, block: Block) -> Pushed:
    """A conditional stays one if its branches need no statements of their own; else it becomes an `if`."""
    return conditional(node, None, frame, block)


def conditional(node: nodes.Conditional, target: nodes.Name | None, frame: Frame, block: Block) -> Pushed:
    """The value of a conditional; should it become an `if`, its branches assign to `target`."""
    test = truth(node.test, frame, block)
    branches = [push_operand(branch, frame, block) for branch in (node.body, node.orelse)]
    active = any(branch.pushed.is_active for branch in branches)
    if all(branch.pushed.is_plain and not branch.block.statements for branch in branches):
        if active and not is_trivial(test):
            test = name_value(Pushed(test), frame, block, "condition").primal
        body, orelse = (branch.pushed for branch in branches)
        if not active or all(value.tangent is not None or is_trivial(value.primal) for value in (body, orelse)):
            primal = nodes.Conditional(test, body.primal, orelse.primal, span=node.span)
            if not active:
                return Pushed(primal)
            return Pushed(primal, nodes.Conditional(test, *(_tangent(value, frame) for value in (body, orelse))))
    return _chosen(test, branches, active, target, frame, block)


def _chosen(
    test: nodes.Expression,
    branches: Sequence[Operand],
    active: bool,
    target: nodes.Name | None,
    frame: Frame,
    block: Block,
) -> Pushed:
    """`if test: chosen = … else: chosen = …`."""
    name = target or nodes.Name(frame.naming.temporary("chosen", block.taken))
    bodies = []
    for branch in branches:
        inner = block.inner()
        inner.add(*branch.block.statements)
        if active:
            store(name, frame.tangent(name.id), branch.pushed, frame, inner)
        else:
            store_value(name, branch.pushed, frame, inner)
        bodies.append(tuple(inner.statements))
    block.add(nodes.If(test, bodies[0], bodies[1]))
    return Pushed(name, frame.tangent(name.id) if active else None)


def _tangent(value: Pushed, frame: Frame) -> nodes.Expression:
    return value.tangent if value.tangent is not None else frame.zero(value.primal)


def _boolean(node: nodes.Boolean, frame: Frame, block: Block) -> Pushed:
    """`a and b`: kept if no operand has a tangent or needs statements, else spelled out with `if`."""
    first, *others = [push_operand(value, frame, block) for value in node.values]
    plain_values = all(operand.pushed.is_plain and not operand.pushed.is_active for operand in (first, *others))
    if plain_values and not any(operand.block.statements for operand in others):
        block.add(*first.block.statements)
        values = tuple(operand.pushed.primal for operand in (first, *others))
        return Pushed(nodes.Boolean(node.operator, values, span=node.span))
    active = any(operand.pushed.is_active for operand in (first, *others))
    block.add(*first.block.statements)
    if active and not first.pushed.is_active:
        value = name_value(first.pushed, frame, block, "chosen")
        tangent = frame.tangent(value.primal.id) if isinstance(value.primal, nodes.Name) else None
        assert tangent is not None
        block.assign(tangent, frame.zero(value.primal))
        result = Pushed(value.primal, tangent)
    else:
        result = name_value(first.pushed, frame, block, "chosen")
    _decide(node.operator, result, others, frame, block)
    return result


def _decide(operator: str, result: Pushed, others: Sequence[Operand], frame: Frame, block: Block) -> None:
    """The operands after the first, each evaluated only if those before it leave the question open."""
    if not others:
        return
    inner = block.inner()
    inner.add(*others[0].block.statements)
    assert isinstance(result.primal, nodes.Name)
    if result.tangent is not None:
        store(result.primal, result.tangent, others[0].pushed, frame, inner)
    else:
        inner.assign(result.primal, others[0].pushed.primal)
    _decide(operator, result, others[1:], frame, inner)
    test = result.primal if operator == "and" else nodes.Unary("not", result.primal)
    block.add(nodes.If(test, tuple(inner.statements)))


# --- Displays ---------------------------------------------------------------------------------------------------------


def _display(
    kind: type[nodes.TupleDisplay] | type[nodes.ListDisplay],
    elements: Sequence[nodes.Expression],
    node: nodes.Expression,
    frame: Frame,
    block: Block,
) -> Pushed:
    operands = [push_operand(element, frame, block) for element in elements]
    active = any(operand.pushed.is_active for operand in operands)
    named = in_both_halves(operands) if active else set()
    values = commit(operands, frame, block, named)
    primal = kind(tuple(value.primal for value in values), span=node.span)
    if not active:
        return Pushed(primal)
    return Pushed(primal, kind(tuple(_element_tangent(value, frame) for value in values)))


def _element_tangent(value: Pushed, frame: Frame) -> nodes.Expression:
    if value.tangent is not None:
        return value.tangent
    if isinstance(value.primal, nodes.Starred):
        return nodes.Starred(frame.zero(value.primal.value))
    return frame.zero(value.primal)


def _dict_display(node: nodes.DictDisplay, frame: Frame, block: Block) -> Pushed:
    expressions = [part for key, value in node.items for part in (key, value) if part is not None]
    operands = [push_operand(expression, frame, block) for expression in expressions]
    named = {index for index, operand in enumerate(operands) if not operand.pushed.is_active}
    values = iter(commit(operands, frame, block, named))
    primals, tangents = [], []
    for key, _ in node.items:
        key_primal = next(values).primal if key is not None else None
        value = next(values)
        primals.append((key_primal, value.primal))
        tangents.append((key_primal, _element_tangent(value, frame)))
    primal = nodes.DictDisplay(tuple(primals), span=node.span)
    active = any(operand.pushed.is_active for operand in operands)
    return Pushed(primal, nodes.DictDisplay(tuple(tangents)) if active else None)
