"""How much of a function is decided when it is compiled: the active calls left to run time, and the opaque ones.

"Dispatched" is a call whose callee only run time knows: a field, a local value. "Opaque" is one that goes to `jax.jvp`,
since nothing says how it is differentiated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jvpgen.analysis import callees, fit, stubs
from jvpgen.analysis.activity import (
    arguments_are_active,
    call_is_active,
    callee_of,
    function_environment,
    inside_comprehension,
    passes_a_module,
)
from jvpgen.analysis.decided import is_decided
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import as_function
from jvpgen.analysis.uses import captures_active, is_derived_inside
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.ir.show import show
from jvpgen.source.span import Span


@dataclass(frozen=True)
class Remaining:
    """A call that is not decided at compile time; `inside` is the function around it: `O`, `O.encode`, `helper`."""

    kind: Literal["dispatched", "opaque"]
    expression: str
    reason: str
    span: Span | None
    code: str = ""
    qualified: str = ""
    inside: str = ""
    note: str = ""


def remaining_calls(function: nodes.Function, inside: Environment) -> list[Remaining]:
    """The calls of a function's body that run time decides, in source order."""
    return [found for statement in function.body for found in _in_node(statement, inside)]


def _in_node(node: nodes.Node, environment: Environment) -> Iterator[Remaining]:
    match node:
        case nodes.Function(name=name):
            if not is_derived_inside(name, environment):
                return
            inner = function_environment(node, environment)
            yield from remaining_calls(node, inner)
            return
        case nodes.Comprehension():
            inner = inside_comprehension(node, environment)
            for child in nodes.children(node):
                yield from _in_node(child, inner)
            return
        case nodes.Lambda():
            yield from _in_lambda(node, environment)
            return
        case nodes.Call():
            yield from _of_call(node, environment)
            has_plain = _calls_plainly(node, environment)
            for child in nodes.children(node):
                given = child.value if isinstance(child, nodes.Argument) else None
                if not isinstance(given, nodes.Lambda) or not (has_plain or _is_initializer(child)):
                    yield from _in_node(child, environment)
                elif captures_active(given, environment) and not _lifted(node, environment):
                    yield from _in_lambda(given, environment, ())
            return
    for child in nodes.children(node):
        yield from _in_node(child, environment)


def _in_lambda(
    node: nodes.Lambda, environment: Environment, active_parameters: tuple[str, ...] | None = None
) -> Iterator[Remaining]:
    function = as_function(node)
    yield from remaining_calls(function, function_environment(function, environment, active_parameters))


def _calls_plainly(node: nodes.Call, environment: Environment) -> bool:
    """Whether the functions that a call is given are called without tangents: initializers, sort keys."""
    if _lifted(node, environment):
        return True
    match callee_of(node, environment):
        case callees.Parameter() | callees.Variable() | callees.Static() | callees.RuleCall() | callees.External():
            return True
        case callees.Structural(name=name):
            return name not in ("map", "filter")
    return False


def _is_initializer(argument: nodes.Node) -> bool:
    return isinstance(argument, nodes.Argument) and (argument.keyword or "").endswith("_init")


_LIFTED = frozenset(("custom_vjp",))


def _lifted(node: nodes.Call, environment: Environment) -> bool:
    """Whether the call makes, or is, a lifted transform that is not written out."""
    name = dotted(node.function)
    qualified = environment.global_name(name) if name else None
    return qualified is not None and qualified.startswith("flax.linen.") and qualified.rpartition(".")[2] in _LIFTED


_METHODS_WITHOUT_RULE = frozenset((".view", ".ptp", ".choose", ".compress", ".byteswap"))  # of active arrays


def _is_method_without_rule(node: nodes.Call, kind: callees.Callee) -> bool:
    match kind:
        case callees.AtUpdate():
            return fit.update_parameters(node, kind) is None
        case callees.Unknown(what=method):
            return method in _METHODS_WITHOUT_RULE
    return False


def _of_call(node: nodes.Call, environment: Environment) -> Iterator[Remaining]:
    if callees.makes_a_function(callee_of(node, environment)):  # what calls it is opaque, and that is said already
        return
    if _lifted(node, environment):
        reason = f"`{show(node.function)}` is a lifted transform, and runs under `nn.jvp`"
        yield Remaining("opaque", show(node.function), reason, node.span, "JVP404")
        return
    kind = callee_of(node, environment)
    text = show(node.function)
    if isinstance(kind, callees.Construct) and environment.kind(kind.qualified) == "module_class":
        if arguments_are_active(node, environment):
            reason = "a field of it may move at run time, and calls of it run under `nn.jvp` then"
            yield Remaining("dispatched", text, reason, node.span)
        return
    if not call_is_active(node, environment):
        return
    if isinstance(kind, callees.RuleCall) and kind.misfit:
        reason = f"its rule does not say what to do where {kind.misfit}"
        yield Remaining("opaque", text, reason, node.span, "JVP401", note=stubs.addition(kind))
    elif _is_method_without_rule(node, kind):
        yield Remaining("opaque", text, "it has no rule", node.span, "JVP401")
    elif isinstance(kind, callees.External):
        active = arguments_are_active(node, environment) or passes_a_module(node, environment)
        if active and kind.custom_vjp:
            yield Remaining("opaque", text, f"`{kind.qualified}` has a `jax.custom_vjp`", node.span, "JVP410")
        elif active and kind.qualified.startswith("numpy."):
            yield Remaining("dispatched", text, "NumPy takes values that are known: at run time it shows", node.span)
        elif active:
            hidden = any(_hides_active(argument.value, environment) for argument in node.arguments)
            reason = f"`{kind.qualified}` has no rule and its source is not followed"
            code = "JVP501" if hidden else "JVP401"
            note = stubs.rule(node, kind.qualified, environment)
            yield Remaining("opaque", text, reason, node.span, code, kind.qualified, note=note)
    elif isinstance(kind, callees.Unknown | callees.Followed) and not is_decided(node.function, environment):
        yield Remaining("dispatched", text, f"`{_undecided(node.function)}` is known at run time only", node.span)


def _hides_active(node: nodes.Expression, environment: Environment) -> bool:
    """Whether an argument is a function that computes with active values around it."""
    return isinstance(node, nodes.Lambda) and captures_active(node, environment)


def _undecided(function: nodes.Expression) -> str:
    """The part of a callee that only run time knows."""
    match function:
        case nodes.Call(function=nodes.Name(id="getattr")):
            return show(function)
        case nodes.Call(function=inner):
            return _undecided(inner)
    return show(function)
