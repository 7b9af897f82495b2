"""Calls pushed forward, by what is called: a rule is written out, everything else goes through `pushforward`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from jvpgen.analysis import callees
from jvpgen.analysis.activity import call_is_active, callee_of, is_active
from jvpgen.analysis.purity import is_trivial
from jvpgen.analysis.uses import captures_active
from jvpgen.forward import containers, expressions, rule_terms
from jvpgen.forward.naming import role_of
from jvpgen.forward.pushed import (
    Block,
    Frame,
    NotExpressible,
    Operand,
    Pushed,
    call,
    commit,
    paired,
    settle,
    tuple_of,
)
from jvpgen.ir import nodes
from jvpgen.ir.show import show
from jvpgen.rules import Rule, bind


def push_call(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """The result of a call and its tangent."""
    kind = callee_of(node, frame.environment)
    match kind:
        case callees.RuleCall(rule=rule, receiver=receiver):
            return push_rule_call(node, rule, receiver, frame, block)
        case callees.AtUpdate():
            return _at_update(node, kind, frame, block)
        case callees.Structural(name=name):
            return containers.push_structural(node, name, frame, block)
        case callees.ContainerRead(container=container, method=method):
            return containers.push_read(node, container, method, frame, block)
        case callees.Mutation(container=container, method=method):
            return containers.push_mutation(node, container, method, frame, block)
        case callees.Parameter(receiver=receiver):
            return _state(node, "param", receiver, frame, block)
        case callees.Variable() if not call_is_active(node, frame.environment):
            return evaluated(node, frame, block)
        case callees.Variable(receiver=receiver):
            return _state(node, "variable", receiver, frame, block)
        case callees.Static():
            return evaluated(node, frame, block)
        case callees.Construct(qualified=qualified):
            return _construct(node, qualified, frame, block)
        case callees.Partial() if call_is_active(node, frame.environment):
            return dispatched(node, frame, block)
        case callees.Partial():
            return _constructed(node, frame, block)
    if not call_is_active(node, frame.environment):
        return evaluated(node, frame, block)
    return dispatched(node, frame, block)


def evaluated(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """A call whose result has no tangent; what its arguments need is done."""
    stores = isinstance(node.function, nodes.Attribute) and node.function.attribute in callees.MUTATORS
    operands = [_primal_operand(node.function, frame, block)]
    for argument in node.arguments:  # a function that is stored is called later, with its derivative
        operands.append((_operand if stores else _primal_operand)(argument.value, frame, block))
    function, *arguments = (value.primal for value in commit(operands, frame, block))
    given = tuple(
        nodes.Argument(value, argument.keyword, argument.star, span=argument.span)
        for argument, value in zip(node.arguments, arguments, strict=True)
    )
    return Pushed(nodes.Call(function, given, span=node.span))


def _primal_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """An operand of which only the primal counts; a function value is left as the user wrote it."""
    if isinstance(node, nodes.Lambda):
        return Operand(Pushed(node), block.child())
    operand = expressions.push_operand(node, frame, block)
    pushed = operand.pushed if operand.pushed.is_plain else settle(operand.pushed, frame, operand.block)
    return Operand(Pushed(pushed.primal), operand.block)


# --- Rules ------------------------------------------------------------------------------------------------------------


def push_rule_call(
    node: nodes.Call, rule: Rule, receiver: nodes.Expression | None, frame: Frame, block: Block
) -> Pushed:
    """A call of a function or method that the table knows."""
    if rule.kind == "constant":
        return evaluated(node, frame, block)
    parameters = _bound_parameters(node, rule, receiver)
    if rule.kind == "unsupported":
        raise NotExpressible(f"`{rule.name}`: {rule.reason}", node)
    if parameters is None:
        return dispatched(node, frame, block)
    values = [*([receiver] if receiver is not None else []), *(argument.value for argument in node.arguments)]
    operands = [_operand(value, frame, block) for value in values]
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
        return dispatched(node, frame, block)
    if rule.kind == "multilinear":
        return _multilinear(node, rule, receiver, parameters, operands, frame, block)
    return _linear(node, rule, receiver, parameters, operands, frame, block)


def _operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    operand = expressions.push_operand(node, frame, block)
    if operand.pushed.is_plain:
        return operand
    return Operand(settle(operand.pushed, frame, operand.block), operand.block)


def _bound_parameters(node: nodes.Call, rule: Rule, receiver: nodes.Expression | None) -> list[str] | None:
    """The parameter of each operand, the receiver first; None if the call does not fit the rule's signature."""
    if any(argument.star == "**" for argument in node.arguments):
        return None
    offset = 1 if receiver is not None else 0
    positional = [argument for argument in node.arguments if argument.keyword is None]
    keywords = [argument.keyword for argument in node.arguments if argument.keyword is not None]
    bound = bind(rule, len(positional) + offset, keywords)
    if bound is None:
        return None
    names = [bound[position] for position in range(offset)]
    names += [
        bound[offset + positional.index(argument)] if argument.keyword is None else bound[argument.keyword]
        for argument in node.arguments
    ]
    spread = [name for argument, name in zip(node.arguments, names[offset:], strict=True) if argument.star]
    return names if all(rule.by_name[name].kind == "star" for name in spread) else None


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
            tangent = value.tangent if value.tangent is not None else nodes.Constant("None")
            arguments.append(nodes.Argument(tangent, f"{keyword}_dot" if keyword else None))
    if star_tangents:
        name = next(name for name in rule.tensors if rule.by_name[name].kind == "star")
        positional = sum(argument.keyword is None for argument in arguments)
        arguments.insert(positional, nodes.Argument(tuple_of(star_tangents), f"{name}_dot"))
    return paired(nodes.Call(nodes.Name(rule.function or ""), tuple(arguments)), node)


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
            if operand.pushed.is_active:
                return dispatched(node, frame, block)
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


def _at_update(node: nodes.Call, kind: callees.AtUpdate, frame: Frame, block: Block) -> Pushed:
    """`x.at[i].set(v)`: the same update of the tangent."""
    if kind.rule is None:
        if not call_is_active(node, frame.environment):
            return evaluated(node, frame, block)
        assert isinstance(node.function, nodes.Attribute)
        raise NotExpressible(f"`.at[…].{node.function.attribute}` has no rule", node)
    expressions_ = [kind.operand, kind.index, *(argument.value for argument in node.arguments)]
    operands = [_operand(expression, frame, block) for expression in expressions_]
    rule = kind.rule
    names = ["a", "index", *(_bound_parameters(node, _without_first_two(rule), None) or [])]
    if len(names) != len(operands) or rule.kind == "unsupported":
        raise NotExpressible(f"`.at[…].{rule.name.rpartition('.')[2]}` with these arguments", node)
    if rule.kind == "call":
        named = {index for index, name in enumerate(names) if name in rule.tensors}
        values = commit(operands, frame, block, named)
        arguments: list[nodes.Argument] = []
        keywords = [None, None, *(argument.keyword for argument in node.arguments)]
        for name, keyword, value in zip(names, keywords, values, strict=True):
            arguments.append(nodes.Argument(value.primal, keyword))
            if name in rule.tensors:
                tangent = value.tangent if value.tangent is not None else nodes.Constant("None")
                arguments.append(nodes.Argument(tangent, f"{keyword}_dot" if keyword else None))
        return paired(nodes.Call(nodes.Name(rule.function or ""), tuple(arguments)), node)
    named = {
        index
        for index, operand in enumerate(operands)
        if not operand.pushed.is_active and not is_trivial(operand.pushed.primal)
    }
    values = commit(operands, frame, block, named)
    method = node.function.attribute if isinstance(node.function, nodes.Attribute) else ""
    tangents = [
        rule_terms.tangent_or_zero(value, frame) if name in rule.tensors else value.primal
        for name, value in zip(names, values, strict=True)
    ]
    primal = _at(values[0].primal, values[1].primal, method, node, [value.primal for value in values[2:]])
    if not any(value.is_active for value in values):
        return Pushed(primal)
    operand_dot = values[0].tangent if values[0].tangent is not None else frame.zero(values[0].primal)
    return Pushed(primal, _at(operand_dot, values[1].primal, method, node, tangents[2:]))


def _without_first_two(rule: Rule) -> Rule:
    return replace(rule, parameters=rule.parameters[2:])


def _at(
    operand: nodes.Expression,
    index: nodes.Expression,
    method: str,
    node: nodes.Call,
    values: Sequence[nodes.Expression],
) -> nodes.Call:
    function = nodes.Attribute(nodes.Subscript(nodes.Attribute(operand, "at"), index), method)
    arguments = tuple(
        nodes.Argument(value, argument.keyword, argument.star)
        for value, argument in zip(values, node.arguments, strict=True)
    )
    return nodes.Call(function, arguments)


# --- Flax's state -----------------------------------------------------------------------------------------------------


def _state(node: nodes.Call, helper: str, receiver: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`param(self, "scale", …)`, `variable(self, "stats", "mean", …)`; initializers over active values carry derivatives."""
    operands = [expressions.push_operand(receiver, frame, block)]
    operands += [_initializer_operand(argument.value, frame, block) for argument in node.arguments]
    named = {index for index, operand in enumerate(operands) if operand.pushed.is_active}
    owner, *values = commit(operands, frame, block, named)
    given = tuple(
        nodes.Argument(_pair_or_primal(value, frame), argument.keyword, argument.star)
        for argument, value in zip(node.arguments, values, strict=True)
    )
    arguments = (nodes.Argument(owner.primal), *given)
    return paired(nodes.Call(frame.naming.helper(helper), arguments), node)


def _initializer_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """An argument of `param`: a lambda is left as the user wrote it, unless it computes with active values."""
    if isinstance(node, nodes.Lambda) and not captures_active(node, frame.environment):
        return Operand(Pushed(node), block.child())
    if not is_active(node, frame.environment) and not isinstance(node, nodes.Lambda):
        return _primal_operand(node, frame, block)
    return _operand(node, frame, block)


# --- Everything else --------------------------------------------------------------------------------------------------


def _construct(node: nodes.Call, qualified: str, frame: Frame, block: Block) -> Pushed:
    """A module or struct is made. A module may not get an active field: its tangent would have no place to live."""
    if not call_is_active(node, frame.environment):
        return _constructed(node, frame, block)
    kind = frame.environment.kind(qualified)
    if kind == "struct":
        return dispatched(node, frame, block)
    if kind == "class":
        raise NotExpressible(f"an object of the class `{qualified.rpartition('.')[2]}` holds an active value", node)
    raise NotExpressible(f"an active value is given to `{qualified.rpartition('.')[2]}` as a field", node)


def _constructed(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """A constructor call as it stands; functions among its arguments get their derivatives."""
    values = [node.function, *(argument.value for argument in node.arguments)]
    operands = [_operand(value, frame, block) for value in values]
    function, *arguments = (value.primal for value in commit(operands, frame, block))
    given = tuple(
        nodes.Argument(value, argument.keyword, argument.star)
        for argument, value in zip(node.arguments, arguments, strict=True)
    )
    return Pushed(nodes.Call(function, given, span=node.span))


def dispatched(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """`pushforward(f, primals, tangents, **keywords)`."""
    function, arguments = _function_and_arguments(node, frame)
    operands = [_function_operand(function, frame, block)]
    operands += [_operand(argument.value, frame, block) for argument in arguments]
    named = {
        index + 1
        for index, (argument, operand) in enumerate(zip(arguments, operands[1:], strict=True))
        if (argument.keyword or argument.star) and operand.pushed.is_active
    }
    named |= {index for index, operand in enumerate(operands) if _is_long(operand.pushed.tangent)}
    values = commit(operands, frame, block, named | _shared(arguments, operands))
    pushforward = _pushforward(values[0].primal, arguments, values[1:], frame)
    return paired(pushforward, node)


def _is_long(tangent: nodes.Expression | None) -> bool:
    """Whether a tangent is too long to stand among the arguments of a call."""
    return tangent is not None and len(show(tangent)) > 40


def _function_and_arguments(node: nodes.Call, frame: Frame) -> tuple[nodes.Expression, tuple[nodes.Argument, ...]]:
    """The callee as a value; a method of an active object takes the object as its first argument."""
    function = node.function
    if isinstance(function, nodes.Attribute) and is_active(function.value, frame.environment):
        receiver = function.value
        method = nodes.Attribute(call(nodes.Name("type"), receiver), function.attribute)
        return method, (nodes.Argument(receiver), *node.arguments)
    return function, node.arguments


def _function_operand(function: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """The callee; a call that only makes it (`nn.Dense(4)`, a factory) is left as it stands."""
    if isinstance(function, nodes.Call):
        kind = callee_of(function, frame.environment)
        makes_only = isinstance(kind, callees.Unknown | callees.External | callees.Followed)
        arguments_active = any(is_active(item.value, frame.environment) for item in function.arguments)
        if makes_only and not arguments_active and not isinstance(function.function, nodes.Call):
            own = block.child()
            return Operand(_constructed(function, frame, own), own, f"{role_of(function)}_layer")
    operand = _operand(function, frame, block)
    role = f"{role_of(function)}_layer" if isinstance(function, nodes.Call) else None
    return Operand(Pushed(operand.pushed.primal), operand.block, role)


def _shared(arguments: Sequence[nodes.Argument], operands: Sequence[Operand]) -> set[int]:
    """Inactive starred arguments stand in both tuples and must be trivial."""
    return {
        index + 1
        for index, (argument, operand) in enumerate(zip(arguments, operands[1:], strict=True))
        if argument.star == "*" and not operand.pushed.is_active and not is_trivial(operand.pushed.primal)
    }


def _pushforward(
    function: nodes.Expression, arguments: Sequence[nodes.Argument], values: Sequence[Pushed], frame: Frame
) -> nodes.Call:
    primals: list[nodes.Expression] = []
    tangents: list[nodes.Expression] = []
    keywords: list[nodes.Argument] = []
    for argument, value in zip(arguments, values, strict=True):
        if argument.keyword:
            keywords.append(nodes.Argument(_pair_or_primal(value, frame), argument.keyword))
        elif argument.star == "**":
            keywords.append(nodes.Argument(_pairs_or_primal(value, frame), None, "**"))
        elif argument.star == "*":
            primals.append(nodes.Starred(value.primal))
            tangent = value.tangent if value.tangent is not None else frame.zero(value.primal)
            tangents.append(nodes.Starred(tangent))
        else:
            primals.append(value.primal)
            tangents.append(value.tangent if value.tangent is not None else nodes.Constant("None"))
    given = [nodes.Argument(function), nodes.Argument(tuple_of(primals)), nodes.Argument(tuple_of(tangents))]
    return nodes.Call(frame.naming.helper("pushforward"), tuple(given + keywords))


def _pair_or_primal(value: Pushed, frame: Frame) -> nodes.Expression:
    return value.primal if value.tangent is None else call(frame.naming.helper("Pair"), value.primal, value.tangent)


def _pairs_or_primal(value: Pushed, frame: Frame) -> nodes.Expression:
    return value.primal if value.tangent is None else call(frame.naming.helper("pairs"), value.primal, value.tangent)
