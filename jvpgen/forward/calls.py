"""Calls pushed forward, by what is called: a rule is written out, everything else goes through `pushforward`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jvpgen.analysis import callees, control, instances, records
from jvpgen.analysis.activity import arguments_are_active, call_is_active, callee_of, is_active, reads_all_attributes
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.filling import MUTATORS
from jvpgen.analysis.holdings import returns_functions
from jvpgen.analysis.inertness import as_function, has_derivative
from jvpgen.analysis.purity import is_trivial
from jvpgen.analysis.uses import captures_active
from jvpgen.forward import containers, expressions, functions, rule_calls
from jvpgen.forward.naming import role_of_layer
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
from jvpgen.ir.scoping import root_name
from jvpgen.ir.show import show


def push_call(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """The result of a call and its tangent."""
    kind = callee_of(node, frame.environment)
    if callees.makes_a_function(kind) and call_is_active(node, frame.environment):
        raise NotExpressible(f"`{show(node.function)}` makes a function over active values", node)
    if reads_all_attributes(node, frame.environment):
        raise NotExpressible("`vars(self)` may be given any attribute", node)
    match kind:
        case callees.RuleCall():
            return rule_calls.push_rule_call(node, kind, frame, block)
        case callees.AtUpdate():
            return rule_calls.push_at_update(node, kind, frame, block)
        case callees.Structural(name=name):
            return containers.push_structural(node, name, frame, block)
        case callees.ContainerRead(container=container, method=method):
            return containers.push_read(node, container, method, frame, block)
        case callees.Mutation(container=container, method=method) if method == "setdefault" or not call_is_active(
            node, frame.environment
        ):
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
        makes_function = control.makes_function(node, frame.environment)
        return (_constructed if makes_function else evaluated)(node, frame, block)
    if _fills_a_global(node, frame):
        raise NotExpressible("an active value is stored in an object of the file, which has no tangent", node)
    return dispatched(node, frame, block)


def _fills_a_global(node: nodes.Call, frame: Frame) -> bool:
    """Whether a method of a list or dict at the file's top level is given an active value: `CACHE.append(x)`."""
    match node.function:
        case nodes.Attribute(value=container, attribute=method) if method in MUTATORS:
            root = root_name(container)
            return root is not None and root not in frame.environment.local | {frame.environment.self_name}
    return False


def push_variable(node: nodes.Call, receiver: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """A variable in which something active is stored, whatever it holds at first."""
    return _state(node, "variable", receiver, frame, block)


def evaluated(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """A call whose result has no tangent; what its arguments need is done."""
    stores = isinstance(node.function, nodes.Attribute) and node.function.attribute in MUTATORS
    operands = [_primal_operand(node.function, frame, block)]
    for argument in node.arguments:  # a function that is stored is called later, with its derivative
        operands.append((rule_calls.plain_operand if stores else _primal_operand)(argument.value, frame, block))
    function, *arguments = (value.primal for value in commit(operands, frame, block))
    given = tuple(
        nodes.Argument(value, argument.keyword, argument.star, span=argument.span)
        for argument, value in zip(node.arguments, arguments, strict=True)
    )
    return Pushed(nodes.Call(function, given, span=node.span))


def _primal_operand(node: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """An operand of which only the primal counts; a function value is left as the user wrote it."""
    if isinstance(node, nodes.Lambda):
        return Operand(Pushed(node), block.child(), node)
    operand = expressions.push_operand(node, frame, block)
    pushed = operand.pushed if operand.pushed.is_plain else settle(operand.pushed, frame, operand.block)
    return replace(operand, pushed=Pushed(pushed.primal))


# --- Flax's state -----------------------------------------------------------------------------------------------------


def _state(node: nodes.Call, helper: str, receiver: nodes.Expression, frame: Frame, block: Block) -> Pushed:
    """`param(self, "scale", …)` and `variable(…)`; initializers over active values carry derivatives."""
    operands = [expressions.push_operand(receiver, frame, block)]
    names = 1 if helper == "param" else 2  # text, that of the collection too
    for place, argument in enumerate(node.arguments):
        of_state = _primal_operand if place < names and not argument.keyword else _initializer_operand
        operands.append(of_state(argument.value, frame, block))
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
        return Operand(Pushed(node), block.child(), node)
    if not is_active(node, frame.environment) and not isinstance(node, nodes.Lambda):
        return _primal_operand(node, frame, block)
    return rule_calls.plain_operand(node, frame, block)


# --- Everything else --------------------------------------------------------------------------------------------------


def _construct(node: nodes.Call, qualified: str, frame: Frame, block: Block) -> Pushed:
    """A module or struct is made. A module itself has no tangent; it keeps those of its fields."""
    if not arguments_are_active(node, frame.environment):
        return _constructed(node, frame, block)
    kind = frame.environment.kind(qualified)
    if kind == "struct" or (kind == "class" and frame.environment.constructs(qualified)):
        return dispatched(node, frame, block)
    if kind == "class":
        raise NotExpressible(f"an object of the class `{qualified.rpartition('.')[2]}` holds an active value", node)
    name = nodes.Name(frame.naming.temporary(f"{role_of_layer(node)}_layer", block.taken))
    made = dispatched(node, frame, block)
    assert made.pair is not None
    block.assign(tuple_of((name, nodes.Name("_"))), made.pair)
    return Pushed(name)


def _constructed(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """A constructor call as it stands; functions among its arguments get their derivatives."""
    values = [node.function, *(argument.value for argument in node.arguments)]
    operands = [rule_calls.plain_operand(value, frame, block) for value in values]
    function, *arguments = (value.primal for value in commit(operands, frame, block))
    given = tuple(
        nodes.Argument(value, argument.keyword, argument.star)
        for argument, value in zip(node.arguments, arguments, strict=True)
    )
    return Pushed(nodes.Call(function, given, span=node.span))


def dispatched(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """`pushforward(f, primals, tangents, **keywords)`."""
    if frame.environment.self_name is None and _calls_super(node):
        node = _unbound_super(node, frame)
    operands, arguments = _callee(node, frame, block)
    roles = control.function_roles(node, frame.environment)
    if control.calls_plainly_too(node, frame.environment):
        roles = dict.fromkeys(roles, "")
    operands += [
        _function_argument(argument.value, roles[place], frame, block)
        if place in roles
        else _argument_operand(argument, frame, block)
        for place, argument in enumerate(node.arguments)
    ]
    named = {
        index + 1
        for index, (argument, operand) in enumerate(zip(arguments, operands[1:], strict=True))
        if (argument.keyword or argument.star) and operand.pushed.is_active
    }
    named |= {index for index, operand in enumerate(operands) if _is_long(operand.pushed.tangent)}
    values = commit(operands, frame, block, named | _shared(arguments, operands))
    pushforward = _pushforward(_pair_or_primal(values[0], frame), arguments, values[1:], frame)
    return paired(pushforward, node)


def _is_long(tangent: nodes.Expression | None) -> bool:
    """Whether a tangent is too long to stand among the arguments of a call."""
    return tangent is not None and len(show(tangent)) > 40


def _unbound_super(node: nodes.Call, frame: Frame) -> nodes.Call:
    """`super(Vector, type(self)).scaled(self, …)`: the tangent of the record goes along."""
    match node.function:
        case nodes.Attribute(value=nodes.Call(arguments=(owner, receiver)) as called, attribute=method):
            unbound = nodes.Argument(call(nodes.Name("type"), receiver.value))
            function = nodes.Attribute(replace(called, arguments=(owner, unbound)), method)
            return replace(node, function=function, arguments=(receiver, *node.arguments))
    raise NotExpressible("a method of a record calls `super()`", node)


def _calls_super(node: nodes.Call) -> bool:
    return isinstance(node.function, nodes.Attribute) and callees.is_super(node.function.value)


def _callee(node: nodes.Call, frame: Frame, block: Block) -> tuple[list[Operand], tuple[nodes.Argument, ...]]:
    """The callee as a value, and all arguments; a method of an active object takes the object as its first one."""
    function = node.function
    if frame.environment.receiver is not None and _calls_super(node):
        return [Operand(Pushed(function), block.child(), function)], node.arguments
    if not (isinstance(function, nodes.Attribute) and is_active(function.value, frame.environment)):
        return [_function_operand(function, frame, block)], node.arguments
    if records.is_undeclared(function, frame.environment) and function.attribute not in callees.STATE_METHODS:
        return [_function_operand(function, frame, block)], node.arguments
    receiver = rule_calls.plain_operand(function.value, frame, block)
    pushed = settle(receiver.pushed, frame, receiver.block)
    members = frame.environment.members()
    if function.attribute in members.held:  # a field that holds a function, or something else that can be called
        held = nodes.Attribute(pushed.primal, function.attribute)
        may_move = function.attribute in members.fields
        held_dot = nodes.Attribute(pushed.tangent, function.attribute) if may_move and pushed.tangent else None
        return [replace(receiver, pushed=Pushed(held, held_dot))], node.arguments
    if function.attribute in callees.STATE_METHODS:
        return [replace(receiver, pushed=Pushed(nodes.Attribute(pushed.primal, function.attribute)))], node.arguments
    method = nodes.Attribute(call(nodes.Name("type"), pushed.primal), function.attribute)
    if function.attribute in members.unbound:  # a static or class method
        return [replace(receiver, pushed=Pushed(method))], node.arguments
    operands = [replace(receiver, pushed=Pushed(method)), Operand(pushed, block.child(), function.value)]
    return operands, (nodes.Argument(function.value), *node.arguments)


def _argument_operand(argument: nodes.Argument, frame: Frame, block: Block) -> Operand:
    operand = rule_calls.plain_operand(argument.value, frame, block)
    return replace(operand, is_unpacked=argument.star == "*")


def _made_to_be_called(node: nodes.Call, frame: Frame, block: Block) -> Pushed:
    """`jax.vmap(lambda …)` that is called at once: the derivative of the lambda is enough."""
    match node.arguments:
        case (nodes.Argument(value=nodes.Lambda() as function), *rest) if control.wraps(node, frame.environment):
            if has_derivative(as_function(function), frame.environment):
                pushed = functions.push_lambda(function, frame, block, only_as="function")
                node = replace(node, arguments=(nodes.Argument(pushed.primal), *rest))
    return _constructed(node, frame, block)


def _function_argument(node: nodes.Expression, role: str, frame: Frame, block: Block) -> Operand:
    """A function, or a list of them, that control flow calls with tangents: of a lambda the derivative is enough,
    in its `role`, if it has one."""
    own = block.child()
    match node:
        case nodes.Lambda():
            return Operand(functions.push_lambda(node, frame, own, only_as=role), own, node)
        case nodes.ListDisplay(elements=elements) if all(isinstance(item, nodes.Lambda) for item in elements):
            pushed = [
                functions.push_lambda(item, frame, own, only_as=f"{role}_{place}")
                for place, item in enumerate(elements)
                if isinstance(item, nodes.Lambda)
            ]
            return Operand(Pushed(nodes.ListDisplay(tuple(item.primal for item in pushed))), own, node)
    return rule_calls.plain_operand(node, frame, block)


def _function_operand(function: nodes.Expression, frame: Frame, block: Block) -> Operand:
    """The callee; a call that only makes it (`nn.Dense(4)`, a factory) is left as it stands."""
    if isinstance(function, nodes.Call):
        kind = callee_of(function, frame.environment)
        makes_only = isinstance(kind, callees.Unknown | callees.External | callees.Followed)
        arguments_active = any(is_active(item.value, frame.environment) for item in function.arguments)
        if makes_only and not arguments_active and not isinstance(function.function, nodes.Call):
            own = block.child()
            return Operand(_made_to_be_called(function, frame, own), own, function, f"{role_of_layer(function)}_layer")
    if isinstance(function, nodes.Attribute) and instances.is_module(function.value, frame.environment):
        module = rule_calls.plain_operand(function.value, frame, block)
        method = nodes.Attribute(module.pushed.primal, function.attribute, span=function.span)
        return replace(module, pushed=Pushed(method))
    operand = rule_calls.plain_operand(function, frame, block)
    role = f"{role_of_layer(function)}_layer" if isinstance(function, nodes.Call) else None
    held = operand.pushed.tangent if _may_hold_arrays(function, frame.environment) else None
    return replace(operand, pushed=Pushed(operand.pushed.primal, held), role=role)


def _may_hold_arrays(function: nodes.Expression, environment: Environment) -> bool:
    """Whether a callee with a tangent may be a bound method of an array or an object: a value, or made from one."""
    if isinstance(function, nodes.Call):
        return not _makes_functions(function, environment)
    return isinstance(function, nodes.Name | nodes.Subscript | nodes.Attribute | nodes.Conditional)


def _makes_functions(call: nodes.Call, environment: Environment) -> bool:
    """Whether a call returns a function that carries its derivative itself, as far as the text tells."""
    match callee_of(call, environment):
        case callees.Partial(is_tree=is_tree):
            return not is_tree
        case callees.Followed(what=name):
            return name in control.PARTNERED
        case callees.LocalFunction(name=name):
            return returns_functions(environment.functions[name])
    return False


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
