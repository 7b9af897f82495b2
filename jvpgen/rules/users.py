"""The words of users: what `jvpgen.rule` and its like are given enters, checked rules leave.

The words are those of `jvpgen.rules.rule`, and stricter where nobody tests the result: `rule`, `linear`, `multilinear`,
and `no_tangent`, which needs a name only. A signature is a call of a function by its full name, `mylib.ops.swish(x,
beta)`; `jnp`, `lax`, `nn` and `np` stand for their modules.

A parameter without a term, or one that is no tensor, must be constant: else the rule is none for the call. A term "0"
says that the result does not move with a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from jvpgen.rules.linearity import check_linear
from jvpgen.rules.rule import (
    MODULES,
    TERM_NAMES,
    Kind,
    Rule,
    RuleError,
    RuleParameter,
    read_parameters,
    terms_by_parameter,
    with_roles,
    with_terms,
)

_FUNCTION = re.compile(r"(?P<name>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)(\((?P<inside>.*)\))?", re.DOTALL)
_ANY_CALL = (RuleParameter("...", "any"),)


def written(word: str, texts: Sequence[object], options: Mapping[str, object], place: str = "") -> list[Rule]:
    """The rules that a call of a word writes: `written("rule", ["lib.f(x)"], {"x_dot": "2 * x_dot"})`.

    Raises:
      RuleError: where signatures or options contradict the grammar; the message names no place.
    """
    signatures = [_text(text, "a signature") for text in texts]
    if not signatures:
        raise RuleError(f"`{word}` is given no signature")
    return [WORDS[word](signature, options, place) for signature in signatures]


def _rule(signature: str, options: Mapping[str, object], place: str) -> Rule:
    broadcast = options.get("broadcast")
    if broadcast not in (None, True, False):
        raise RuleError(f"broadcast is True or False, not {broadcast!r}")
    given = {key: _text(value, key) for key, value in options.items() if key != "broadcast"}
    terms = terms_by_parameter(given)
    if not terms:
        raise RuleError(f"{signature}: no term is given, such as x_dot=...; `no_tangent` says that there is none")
    made = _read(signature, "formula", tuple(terms), place)
    moving = {parameter: term for parameter, term in terms.items() if term.strip() != "0"}
    still = tuple(replace(item, role="static") if item.name in terms.keys() - moving else item for item in made[1])
    one = with_terms(replace(made[0], parameters=still), moving, broadcast is True)
    for parameter, term in moving.items():
        try:
            check_linear(term, f"{parameter}_dot")
        except RuleError as wrong:
            raise RuleError(str(wrong), f"{parameter}_dot") from None
    if broadcast is None and (lone := _without_shape(one)):
        raise RuleError(
            f"{signature}: the term of {lone} does not show the shape of the result: say broadcast=True if the "
            "function broadcasts its arguments, broadcast=False if not"
        )
    return one


def _without_shape(one: Rule) -> str | None:
    """A parameter whose term mentions neither `out` nor all other tensors, on which the result's shape may depend."""
    for parameter, term in one.terms.items():
        used = set(re.findall(r"\w+", term))
        if "out" not in used and not set(one.tensors) - {parameter} <= used:
            return parameter
    return None


def _linear(signature: str, options: Mapping[str, object], place: str) -> Rule:
    return _read(signature, "linear", _tensors(options, 1), place)[0]


def _multilinear(signature: str, options: Mapping[str, object], place: str) -> Rule:
    return _read(signature, "multilinear", _tensors(options, 2), place)[0]


def _no_tangent(signature: str, options: Mapping[str, object], place: str) -> Rule:
    if options:
        raise RuleError(f"`no_tangent` has no option {next(iter(options))!r}")
    name, inside = _split(signature)
    if inside is not None:
        raise RuleError(f"`no_tangent` is for every call of a function: {name!r} is enough")
    return without_tangent(name, place)


def without_tangent(name: str, place: str = "") -> Rule:
    """The rule of a function whose result has no tangent, however it is called."""
    return Rule(name, _ANY_CALL, "constant", place=place, own=True)


WORDS: Mapping[str, Callable[[str, Mapping[str, object], str], Rule]] = MappingProxyType(
    {"rule": _rule, "linear": _linear, "multilinear": _multilinear, "no_tangent": _no_tangent}
)


# --- Signatures -------------------------------------------------------------------------------------------------------


def _read(
    signature: str, kind: Kind, tensors: tuple[str, ...] | int, place: str
) -> tuple[Rule, tuple[RuleParameter, ...]]:
    """The rule without its terms, and its parameters: what is no tensor must be constant."""
    name, inside = _split(signature)
    if inside is None:
        raise RuleError(f"{signature!r} has no parameters: write the call, {name}(x)")
    parameters = read_parameters(inside, signature)
    if taken := [item.name for item in parameters if item.name in TERM_NAMES]:
        raise RuleError(f"{signature}: a parameter cannot be called {taken[0]!r} in a rule")
    if isinstance(tensors, int) and len(parameters) < tensors:
        raise RuleError(f"{signature}: {kind} rules have {tensors} tensors or more: tensors='x y' names them")
    made = with_roles(name, parameters, kind, tensors, signature, place)
    given = tuple(replace(item, role="still") if item.role == "static" else item for item in made.parameters)
    return replace(made, parameters=given, own=True), given


def _split(signature: str) -> tuple[str, str | None]:
    """The full name of the function, and what stands between the brackets; None without brackets."""
    found = _FUNCTION.fullmatch(signature.strip())
    if found is None:
        raise RuleError(f"cannot read the signature {signature!r}: it is the call of a function, mylib.ops.f(x, y)")
    root, dot, rest = found["name"].partition(".")
    if not dot:
        raise RuleError(f"{signature!r} does not say in which module the function is: mylib.ops.{root}")
    return f"{MODULES.get(root, root)}.{rest}", found["inside"]


def _tensors(options: Mapping[str, object], count: int) -> tuple[str, ...] | int:
    if unknown := options.keys() - {"tensors"}:
        raise RuleError(f"there is no option {sorted(unknown)[0]!r}: only `tensors`")
    given = options.get("tensors")
    return count if given is None else tuple(_text(given, "tensors").split())


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise RuleError(f"{what} is a string, not {value!r}")
    return value
