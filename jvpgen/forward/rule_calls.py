"""Calls that the table knows: written out by the rule, on values and on tangents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from jvpgen.analysis import callees
from jvpgen.analysis.activity import call_is_active, hides_active, is_active
from jvpgen.analysis.fit import bound_parameters, update_parameters
from jvpgen.analysis.purity import is_trivial
from jvpgen.forward import calls, expressions, rule_terms
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Operand,
    Pushed,
    call,
    commit,
    in_both_halves,
    outside_subscript,
    paired,
    settle,
    tuple_of,
)
from jvpgen.ir import nodes
from jvpgen.ir.show import show
from jvpgen.rules import Rule


def push_rule_call(node: nodes.Call, kind: callees.RuleCall, frame: Frame, block: Block) -> Pushed:
    """A call of a function or method that the table knows."""
    rule, receiver = kind.rule, kind.receiver
    if kind.misfit:
        return calls.dispatched(node, frame, block)
    if rule.kind == "constant":
        return calls.evaluated(node, frame, block)
    parameters = bound_parameters(node, rule, receiver)
    if rule.kind == "unsupported":
        raise NotExpressible(f"`{rule.name}`: {rule.reason}", node, "JVP402")
    if hides_active(node, frame.environment):
        raise NotExpressible(f"`{rule.name}` gets a function over active values", node, "JVP501")
    if parameters is None or _holds_factors(node, rule, receiver, frame):
        return calls.dispatched(node, frame, block)
    values = [*([receiver] if receiver is not None else []), *(argument.value for argument in node.arguments)]
    operands = [plain_operand(value, frame, block) for value in values]
    tensors = set(rule.tensors)
    if not any(
        operand.pushed.is_active and name in tensors for name, operand in zip(parameters, operands, strict=True)
    ):
        return _rebuilt_only(node, receiver, operands, frame, block)
    if rule.kind == "call":
        return _formula(node, rule, receiver, parameters, operands, frame, block)
    if rule.kind == "formula":
        return expressions.apply_rule(
            rule, parameters, operands, lambda primals: _rebuild(node, receiver, primals), node, frame, block
        )
    if not _has_tangent_spelling(rule):
        return calls.dispatched(node, frame, block)
    if rule.kind == "multilinear":
        return _multilinear(node, rule, receiver, parameters, operands, frame, block)
    return _linear(node, rule, receiver, parameters, operands, frame, block)


def _holds_factors(node: nodes.Call, rule: Rule, receiver: nodes.Expression | None, frame: Frame) -> bool:
    """Whether one active argument may be several factors of a product: `einsum(spec, *xs)`, `multi_dot(xs)`.

    Each factor has a term of its own, and how many there are shows at run time.
    """
    if rule.kind != "multilinear":
        return False
    is_list = receiver is None and [rule.by_name[name].kind for name in rule.tensors] == ["positional"]
    return any(
        (argument.star or is_list) and is_active(argument.value, frame.environment) for argument in node.arguments
    )


def plain_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    operand = expressions.push_operand(node, frame, block)
    if operand.pushed.is_plain:
        return operand
    return replace(operand, pushed=settle(operand.pushed, frame, operand.block))


def _rebuild(node: nodes.Call, receiver: nodes.Expression | None, primals: Sequence[nodes.Expression]) -> nodes.Call:
    """The call on new operands."""
    function = node.function
    if receiver is not None:
        assert isinstance(function, nodes.Attribute)
        function, primals = nodes.Attribute(primals[0], function.attribute), primals[1:]
    arguments = tuple(
        nodes.Argument(value, argument.keyword, argument.star)
        for argument, value in zip(node.arguments, primals, strict=True)
    )
    return nodes.Call(function, arguments, span=node.span)


def _rebuilt_only(
    node: nodes.Call, receiver: nodes.Expression | None, operands: Sequence[Operand], frame: Frame, block: Block
) -> Pushed:
    values = commit(operands, frame, block)
    return Pushed(_rebuild(node, receiver, [value.primal for value in values]))


def _formula(
    node: nodes.Call,
    rule: Rule,
    receiver: nodes.Expression | None,
    parameters: Sequence[str],
    operands: Sequence[Operand],
    frame: Frame,
    block: Block,
) -> Pushed:
    """`max_pool_jvp(x, x_dot, …)`: each tensor argument followed by its tangent."""
    named = {index for index, name in enumerate(parameters) if name in rule.tensors}
    values = commit(operands, frame, block, named)
    keywords = [None] * (1 if receiver is not None else 0) + [argument.keyword for argument in node.arguments]
    stars: list[Literal["", "*", "**"]] = [""] * (1 if receiver is not None else 0)
    stars += [argument.star for argument in node.arguments]
    arguments: list[nodes.Argument] = []
    star_tangents: list[nodes.Expression] = []
    for parameter, keyword, star, value in zip(parameters, keywords, stars, values, strict=True):
        arguments.append(nodes.Argument(value.primal, keyword, star))
        if rule.by_name[parameter].kind == "star" and parameter in rule.tensors:
            star_tangents.append(_star_tangent(value, star, frame))
        elif parameter in rule.tensors:
            arguments += _tangent_argument(value, keyword, parameter != rule.tensors[0])
    if star_tangents:
        name = next(name for name in rule.tensors if rule.by_name[name].kind == "star")
        positional = sum(argument.keyword is None for argument in arguments)
        arguments.insert(positional, nodes.Argument(tuple_of(star_tangents), f"{name}_dot"))
    return paired(nodes.Call(nodes.Name(rule.function or ""), tuple(arguments)), node)


def _tangent_argument(value: Pushed, keyword: str | None, may_lack: bool) -> list[nodes.Argument]:
    """The tangent of a tensor beside it; where there is none, None, or nothing if the formula's default may stand."""
    if value.tangent is not None:
        return [nodes.Argument(value.tangent, f"{keyword}_dot" if keyword else None)]
    if keyword:
        return [] if may_lack else [nodes.Argument(nodes.Constant("None"), f"{keyword}_dot")]
    return [nodes.Argument(nodes.Constant("None"))]


def _star_tangent(value: Pushed, star: str, frame: Frame) -> nodes.Expression:
    if star:
        return nodes.Starred(value.tangent if value.tangent is not None else frame.zero(value.primal))
    return value.tangent if value.tangent is not None else nodes.Constant("None")


def _has_tangent_spelling(rule: Rule) -> bool:
    """Whether the same call can be written on tangents: methods, and functions of `jnp` and `lax`."""
    return rule.name.startswith(("jax.numpy.", "jax.lax.", "array."))


def _tangent_function(node: nodes.Call, rule: Rule, frame: Frame) -> nodes.Expression:
    for package, module in (("jax.numpy.", "tangent_numpy"), ("array.", "tangent_numpy"), ("jax.lax.", "tangent_lax")):
        if rule.name.startswith(package):
            function: nodes.Expression = frame.naming.helper(module)
            for part in rule.name.removeprefix(package).split("."):
                function = nodes.Attribute(function, part)
            return function
    return node.function


def _linear(
    node: nodes.Call,
    rule: Rule,
    receiver: nodes.Expression | None,
    parameters: Sequence[str],
    operands: Sequence[Operand],
    frame: Frame,
    block: Block,
) -> Pushed:
    """The same call on the tangents. What is no tensor stands in both halves, as do tensors without a tangent."""
    tensors = set(rule.tensors)
    named = set()
    for index, (parameter, operand) in enumerate(zip(parameters, operands, strict=True)):
        if rule.by_name[parameter].role == "affine":
            continue
        shared = parameter not in tensors or not operand.pushed.is_active
        if (
            shared
            and not is_trivial(operand.pushed.primal)
            and not rule_terms.is_plain_number(operand.pushed.primal, frame)
        ):
            named.add(index)
    values = commit(operands, frame, block, named)
    primal = _rebuild(node, receiver, [value.primal for value in values])
    if receiver is not None:
        tangent_receiver = rule_terms.tangent_or_zero(values[0], frame)
        assert isinstance(node.function, nodes.Attribute)
        arguments = rule_terms.replaced_arguments(node, parameters[1:], values[1:], rule, frame)
        return Pushed(primal, nodes.Call(nodes.Attribute(tangent_receiver, node.function.attribute), arguments))
    arguments = rule_terms.replaced_arguments(node, parameters, values, rule, frame)
    return Pushed(primal, nodes.Call(_tangent_function(node, rule, frame), arguments))


def _multilinear(
    node: nodes.Call,
    rule: Rule,
    receiver: nodes.Expression | None,
    parameters: Sequence[str],
    operands: Sequence[Operand],
    frame: Frame,
    block: Block,
) -> Pushed:
    """One term for each active tensor: the call with that one replaced by its tangent."""
    active = [
        index
        for index, (name, operand) in enumerate(zip(parameters, operands, strict=True))
        if name in rule.tensors and operand.pushed.is_active
    ]
    written_twice = len(active) > 1
    named = {
        index
        for index, operand in enumerate(operands)
        if not is_trivial(operand.pushed.primal) and (written_twice or index not in active)
    }
    if written_twice:
        named |= {index for index in active if not is_trivial(operands[index].pushed.primal)}
    values = commit(operands, frame, block, named)
    primal = _rebuild(node, receiver, [value.primal for value in values])
    terms: list[nodes.Expression] = []
    for operand_values in rule_terms.multilinear_terms(active, values):
        term = _rebuild(node, receiver, operand_values)
        arguments = term.arguments
        if receiver is not None:  # an array's own method does not know a zero argument; the function of its name does
            arguments = (nodes.Argument(operand_values[0]), *arguments)
        terms.append(nodes.Call(_tangent_function(node, rule, frame), arguments))
    return Pushed(primal, rule_terms.total(terms))


def push_at_update(node: nodes.Call, kind: callees.AtUpdate, frame: Frame, block: Block) -> Pushed:
    """`x.at[i].set(v)`: the same update of the tangent."""
    names, rule = update_parameters(node, kind), kind.rule
    if names is None or rule is None:
        return _opaque_update(node, kind, frame, block)
    expressions_ = [kind.operand, kind.index, *(argument.value for argument in node.arguments)]
    operands = [plain_operand(expression, frame, block) for expression in expressions_]
    if rule.kind == "call":
        return _at_formula(node, kind, names, operands, frame, block)
    named = in_both_halves(operands)
    values = commit(operands, frame, block, named)
    primal = _at(nodes.Attribute(values[0].primal, "at"), values[1].primal, node, [v.primal for v in values[2:]])
    if not any(value.is_active for value in values):
        return Pushed(primal)
    tangents = [
        rule_terms.tangent_or_zero(value, frame) if name in rule.tensors else value.primal
        for name, value in zip(names, values, strict=True)
    ]
    operand_dot = values[0].tangent if values[0].tangent is not None else frame.zero(values[0].primal)
    at = call(nodes.Attribute(frame.naming.helper("tangent_numpy"), "at"), operand_dot)
    return Pushed(primal, _at(at, values[1].primal, node, tangents[2:]))


def _at_formula(
    node: nodes.Call,
    kind: callees.AtUpdate,
    names: Sequence[str],
    operands: Sequence[Operand],
    frame: Frame,
    block: Block,
) -> Pushed:
    """`at_multiply_jvp(x, x_dot, index, v, v_dot)`; a slice is spelled `jnp.s_[…]` where it is an argument."""
    rule = kind.rule
    assert rule is not None
    values = commit(operands, frame, block, {index for index, name in enumerate(names) if name in rule.tensors})
    arguments: list[nodes.Argument] = []
    keywords = [None, None, *(argument.keyword for argument in node.arguments)]
    for name, keyword, value in zip(names, keywords, values, strict=True):
        primal = outside_subscript(value.primal, frame) if name == "index" else value.primal
        arguments.append(nodes.Argument(primal, keyword))
        if name in rule.tensors:
            arguments += _tangent_argument(value, keyword, name != rule.tensors[0])
    return paired(nodes.Call(nodes.Name(rule.function or ""), tuple(arguments)), node)


def _opaque_update(node: nodes.Call, kind: callees.AtUpdate, frame: Frame, block: Block) -> Pushed:
    """`pushforward(lambda array, values: array.at[i].min(values), …)`: an update without a rule, and nothing else."""
    if not call_is_active(node, frame.environment):
        return calls.evaluated(node, frame, block)
    if hides_active(node, frame.environment):
        raise NotExpressible(f"`{show(node.function)}` gets a function over active values", node, "JVP501")
    operands = [plain_operand(kind.operand, frame, block), plain_operand(kind.index, frame, block)]
    operands += [_value_operand(argument.value, frame, block) for argument in node.arguments]
    values = commit(operands, frame, block, {index for index, operand in enumerate(operands) if index})
    roles = ["array", "", *(argument.keyword or "values" for argument in node.arguments)]
    moving = [place for place, value in enumerate(values) if place == 0 or (place > 1 and value.is_active)]
    taken = set(block.taken)  # the lambda may name its own parameters as others do
    names = {place: frame.naming.temporary(roles[place], taken) for place in moving}
    inside = [nodes.Name(names[place]) if place in names else value.primal for place, value in enumerate(values)]
    update = nodes.Lambda(
        nodes.Parameters(tuple(nodes.Parameter(name) for name in names.values())),
        _at(nodes.Attribute(inside[0], "at"), inside[1], node, inside[2:]),
    )
    primals = tuple_of(values[place].primal for place in moving)
    tangents = tuple_of(values[place].tangent or nodes.Constant("None") for place in moving)
    return paired(call(frame.naming.helper("pushforward"), update, primals, tangents), node)


def _value_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """An operand; a lambda stays as the user wrote it."""
    if isinstance(node, nodes.Lambda):
        return Operand(Pushed(node), block.child(), node)
    return plain_operand(node, frame, block)


def _at(
    at: nodes.Expression, index: nodes.Expression, node: nodes.Call, values: Sequence[nodes.Expression]
) -> nodes.Call:
    """`at[index].set(values)`, with the method and the keywords of the source."""
    assert isinstance(node.function, nodes.Attribute)
    arguments = tuple(
        nodes.Argument(value, argument.keyword, argument.star)
        for value, argument in zip(values, node.arguments, strict=True)
    )
    return nodes.Call(nodes.Attribute(nodes.Subscript(at, index), node.function.attribute), arguments)
