"""Whether a user's rule can match a call of its function: the rule and the function's own parameters enter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jvpgen.rules.rule import Rule, RuleParameter


@dataclass(frozen=True)
class Actual:
    """A parameter of a function. `default` is its text, None where there is none."""

    name: str
    kind: Literal["positional-only", "positional", "star", "keyword-only", "double-star"]
    default: str | None = None


def misfit(rule: Rule, actual: Sequence[Actual]) -> str | None:
    """What in a rule's signature contradicts the function that it is for; None where calls of it can match."""
    if rule.kind == "constant":
        return None
    found = [*_wrong_parameters(rule, actual), *_missing_parameters(rule, actual), *_wrong_defaults(rule, actual)]
    return found[0] if found else None


def _wrong_parameters(rule: Rule, actual: Sequence[Actual]) -> Iterator[str]:
    positional = [item for item in actual if item.kind in ("positional", "positional-only")]
    named = {item.name: item for item in actual if item.kind in ("positional", "keyword-only")}
    has_star = any(item.kind == "star" for item in actual)
    open_ended = any(item.kind == "double-star" for item in actual)
    place = 0
    for item in rule.parameters:
        if item.kind == "positional":
            if place < len(positional):
                if positional[place].name != item.name:
                    yield f"parameter {place + 1} of the function is `{positional[place].name}`, not `{item.name}`"
            elif not has_star:
                only = item.name in named and named[item.name].kind == "keyword-only"
                yield f"`{item.name}` is keyword-only: a bare `*` goes before it" if only else _unknown(item)
            place += 1
        elif item.kind == "star" and not has_star:
            yield f"the function takes no `*{item.name}`"
        elif item.kind == "keyword" and item.name not in named and not open_ended:
            yield _unknown(item)


def _unknown(item: RuleParameter) -> str:
    return f"the function has no parameter `{item.name}`"


def _missing_parameters(rule: Rule, actual: Sequence[Actual]) -> Iterator[str]:
    if "..." in rule.by_name:
        return
    for item in actual:
        if item.kind not in ("star", "double-star") and item.default is None and item.name not in rule.by_name:
            yield f"every call gives `{item.name}`, which the signature lacks"


def _wrong_defaults(rule: Rule, actual: Sequence[Actual]) -> Iterator[str]:
    """A term sees the default that the signature gives: it must be the function's."""
    used = {word for term in rule.terms.values() for word in re.findall(r"\w+", term)}
    for item in actual:
        parameter = rule.by_name.get(item.name)
        if parameter is None or item.default is None or item.name not in used:
            continue
        if parameter.default is None:
            needed = f"{item.name}={item.default}"
            yield f"a term uses `{item.name}`, which calls may leave out: the signature needs {needed}"
        elif not _same(parameter.default, item.default):
            yield f"the default of `{item.name}` is {item.default}, not {parameter.default}"


def _same(text: str, other: str) -> bool:
    """Whether two defaults are the same; true where one of them is no literal."""
    try:
        return bool(ast.literal_eval(text) == ast.literal_eval(other))
    except (ValueError, SyntaxError):
        return True
