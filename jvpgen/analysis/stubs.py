"""What to write where a function has no rule: the call enters, a rule to paste leaves, its terms still to be filled in.

The parameters are named as the function names them, where its source is in reach; else as the call names its arguments.
"""

from __future__ import annotations

from jvpgen.analysis.activity import is_active
from jvpgen.analysis.callees import RuleCall
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes


def rule(call: nodes.Call, qualified: str, environment: Environment) -> str:
    """A rule for what a call calls, in its own words."""
    return f"a rule for it, in a module that `[tool.jvpgen] rules` names: {_stub(call, qualified, environment)}"


def addition(kind: RuleCall) -> str:
    """What a user's rule lacks for a call; nothing to say of other rules."""
    if not kind.rule.own:
        return ""
    return (
        f"the rule is at {kind.rule.place}; each parameter that may move needs a term, "
        '`NAME_dot="0"` where the result does not move with it'
    )


def _stub(call: nodes.Call, qualified: str, environment: Environment) -> str:
    names: list[str] = []
    moving: list[str] = []
    known = iter(environment.parameters_of(qualified))
    for argument in call.arguments:
        if argument.star:
            return f'jvpgen.rule("{qualified}(…)", …)'
        name = argument.keyword or _unused(next(known, None) or _named(argument.value), names)
        names.append(name)
        if is_active(argument.value, environment):
            moving.append(name)
    keywords = [f'{name}_dot="..."' for name in moving or names]
    return f'jvpgen.rule("{qualified}({", ".join(names)})", {", ".join(keywords)})'


def _named(node: nodes.Expression) -> str:
    """`scale` for `self.scale`, `x` for what has no name."""
    match node:
        case nodes.Name(id=name) | nodes.Attribute(attribute=name):
            return name
    return "x"


def _unused(name: str, taken: list[str]) -> str:
    candidates = [name, *(item for item in "yzuvw" if name == "x"), *(f"{name}_{place}" for place in range(2, 99))]
    return next(item for item in candidates if item not in taken)
