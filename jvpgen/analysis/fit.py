"""Whether a call fits the rule of what it calls: each argument is a parameter, and what the rule wants constant is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jvpgen.analysis.callees import AtUpdate, RuleCall
from jvpgen.ir import nodes
from jvpgen.rules import Rule, bind


def bound_parameters(call: nodes.Call, rule: Rule, receiver: nodes.Expression | None) -> list[str] | None:
    """The parameter of each operand, the receiver first; None if the call does not fit the rule's signature."""
    if any(argument.star == "**" for argument in call.arguments):
        return None
    received = 0 if receiver is None else 1
    keywords = [argument.keyword for argument in call.arguments if argument.keyword is not None]
    positional = received + len(call.arguments) - len(keywords)
    bound = bind(rule, positional, keywords)
    if bound is None:
        return None
    places = iter(range(positional))
    names = [bound[next(places)] for _ in range(received)]
    names += [bound[next(places) if argument.keyword is None else argument.keyword] for argument in call.arguments]
    spread = [name for argument, name in zip(call.arguments, names[received:], strict=True) if argument.star]
    return names if all(rule.by_name[name].kind == "star" for name in spread) else None


def update_parameters(call: nodes.Call, update: AtUpdate) -> list[str] | None:
    """The parameter of each operand of `a.at[index].set(…)`, from `a` on; None if the table has no rule for it."""
    rule = update.rule
    if rule is None or rule.kind == "unsupported":
        return None
    names = bound_parameters(call, replace(rule, parameters=rule.parameters[2:]), None)
    return None if names is None else [*(parameter.name for parameter in rule.parameters[:2]), *names]


def checked(kind: RuleCall, call: nodes.Call, is_active: Callable[[nodes.Expression], bool]) -> RuleCall:
    """The classification, with the reason why the rule is none for this call if an argument is active that may not."""
    constant = {parameter.name for parameter in kind.rule.parameters if parameter.role in ("affine", "still")}
    if kind.rule.own and kind.rule.kind == "constant":
        return kind
    if not (constant or kind.rule.own) or not any(is_active(argument.value) for argument in call.arguments):
        return kind
    names = bound_parameters(call, kind.rule, kind.receiver)
    if names is None and kind.rule.own:
        return replace(kind, misfit=f"it is not called as `{kind.rule.signature}`")
    if names is None:  # for a rule that wants tensors, run time decides
        return replace(kind, misfit="an argument may carry a tangent") if kind.rule.kind == "constant" else kind
    given = names[len(names) - len(call.arguments) :]
    for name, argument in zip(given, call.arguments, strict=True):
        if name in constant and is_active(argument.value):
            return replace(kind, misfit=f"`{name}` may carry a tangent")
    return kind
