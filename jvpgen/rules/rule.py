"""What a rule is, and the words that write one. Text of signatures and terms enters; checked, frozen `Rule`s leave.

The words:

    constant("jnp.floor(x)", "jnp.zeros(...)")         the result has no tangent, whatever the arguments have
    linear("jnp.squeeze(a, axis)")                     the tangent is the same call on the tangents
    multilinear("jnp.matmul(a, b)")                    the sum of the calls with one tensor replaced by its tangent
    rule("jnp.tanh(x)", x_dot="x_dot * (1 - out**2)")  the sum of the terms, one per tensor that has a tangent
    call("nn.max_pool(inputs, ...)", "max_pool_jvp")   a function of `jvpgen.runtime.formulas`, giving (out, out_dot)
    unsupported("a.tolist()", reason="...")            known, and refused for the reason given

The grammar of a signature: the call as a program writes it, `jnp`, `lax` and `nn` (flax.linen) standing for their
modules, with the function's own parameter names in its own order.

    name             may be given by position or by keyword; after a bare `*`, by keyword only
    *name            any number of positional arguments
    name=text        in `rule`: the default that a term sees when the argument is absent
                     elsewhere always `=0`: an affine parameter. It must be constant, else the rule is none for the
                     call; in `linear` it becomes 0 in the call on the tangents
    ...              any further arguments, all of them static; `...=0`, all of them affine
    a.method(x), a.attribute, a[index], a + b, -a, a.at[index].set(values)
                     methods, attributes and operators, the receiver being the first parameter

Which parameters are tensors: `tensors="x y"`, or the keys of the terms in `rule`; by default the first parameter, and
in `multilinear` the first two. Along all other parameters the derivative is zero, or no tangent can exist; one that has
a derivative, but none that the rule gives, is written as affine: `jnp.max(a, initial=0)`. Several
tensors of a `linear` rule are linear together: `jnp.where(condition, x, y)`. A tensor may be a list of arrays.

The grammar of a term: a Python expression over the parameters, `out`, the tangent `NAME_dot` of its own parameter, and
`jnp`, `lax`, `nn`, `jax`, `np`; it is linear in `NAME_dot`. With `broadcast=True` a term may be the bare tangent, and
the sum of the terms has still to take the shape and dtype of the result. An argument `k=k` of a call in a term, where
`k` is absent and its default is None, is left out.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal

ParameterKind = Literal["positional", "keyword", "star", "any"]
Role = Literal["tensor", "static", "affine", "still"]
Kind = Literal["constant", "linear", "multilinear", "formula", "call", "unsupported"]

MODULES: Mapping[str, str] = MappingProxyType(
    {"jnp": "jax.numpy", "lax": "jax.lax", "nn": "flax.linen", "jax": "jax", "np": "numpy", "flax": "flax"}
    | {name: name for name in ("einops", "math", "builtins", "functools", "typing")}
)
TERM_NAMES = frozenset(("jnp", "lax", "nn", "jax", "np", "out"))


class RuleError(Exception):
    """A rule that contradicts the grammar; from a word, the message starts with the file and line that wrote it.

    `about` is the argument that is wrong, where it is not the signature.
    """

    def __init__(self, message: str, about: str = "") -> None:
        super().__init__(message)
        self.about = about


@dataclass(frozen=True)
class RuleParameter:
    """One parameter. A positional one may be given by name too; `any` (written `...`) takes what no other one takes.

    A "static" one has no tangent that matters. An "affine" one must be constant, and is 0 in the call on the tangents;
    a "still" one must be constant, and stands in that call as it is.
    """

    name: str
    kind: ParameterKind = "positional"
    role: Role = "static"
    default: str | None = None


@dataclass(frozen=True, eq=False)
class Rule:
    """How the tangent of a call follows from those of its arguments. `own` rules were written by a user."""

    name: str
    parameters: tuple[RuleParameter, ...]
    kind: Kind
    terms: Mapping[str, str] = field(default_factory=dict)
    broadcast: bool = False
    function: str | None = None
    reason: str = ""
    place: str = ""
    own: bool = False

    @cached_property
    def tensors(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters if parameter.role == "tensor")

    @cached_property
    def by_name(self) -> Mapping[str, RuleParameter]:
        return {parameter.name: parameter for parameter in self.parameters}

    @property
    def signature(self) -> str:
        """`jax.numpy.sum(a, axis, …)`, for reports and the names of tests."""
        return f"{self.name}({', '.join(_shown(parameter) for parameter in self.parameters)})"


def _shown(parameter: RuleParameter) -> str:
    star = "*" if parameter.kind == "star" else ""
    return f"{star}{parameter.name}" + (f"={parameter.default}" if parameter.default is not None else "")


# --- The words --------------------------------------------------------------------------------------------------------


def rules(*groups: Iterable[Rule]) -> tuple[Rule, ...]:
    """All rules of a family file, in order."""
    return tuple(rule for group in groups for rule in group)


def constant(*signatures: str) -> list[Rule]:
    with _placed() as place:
        return [_read(signature, "constant", (), place) for signature in signatures]


def linear(*signatures: str, tensors: str | None = None) -> list[Rule]:
    with _placed() as place:
        return [_read(signature, "linear", _named(tensors, 1), place) for signature in signatures]


def multilinear(*signatures: str, tensors: str | None = None) -> list[Rule]:
    with _placed() as place:
        return [_read(signature, "multilinear", _named(tensors, 2), place) for signature in signatures]


def rule(*signatures: str, broadcast: bool = False, **terms: str) -> list[Rule]:
    with _placed() as place:
        by_parameter = terms_by_parameter(terms)
        made = [_read(signature, "formula", tuple(by_parameter), place) for signature in signatures]
        return [with_terms(one, by_parameter, broadcast) for one in made]


def call(signature: str, function: str, *, tensors: str | None = None) -> list[Rule]:
    with _placed() as place:
        if not function.isidentifier() or not function.endswith("_jvp"):
            raise RuleError(f"{function!r} does not name a formula: it should end in _jvp")
        return [replace(_read(signature, "call", _named(tensors, 1), place), function=function)]


def unsupported(*signatures: str, reason: str) -> list[Rule]:
    with _placed() as place:
        return [replace(_read(signature, "unsupported", (), place), reason=reason) for signature in signatures]


@contextmanager
def _placed() -> Iterator[str]:
    """The file and line of the family file that is calling one of the words; what is wrong is said to stand there."""
    frame = sys._getframe(3)
    place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
    try:
        yield place
    except RuleError as wrong:
        raise RuleError(f"{place}: {wrong}") from None


def _named(tensors: str | None, default_count: int) -> tuple[str, ...] | int:
    return tuple(tensors.split()) if tensors is not None else default_count


# --- Signatures -------------------------------------------------------------------------------------------------------

_NAME = r"[A-Za-z_]\w*"
_FUNCTION = re.compile(rf"(?P<root>{'|'.join(MODULES)})(?P<path>(\.{_NAME})*(\.\*)?)\((?P<inside>.*)\)")
_METHOD = re.compile(rf"(?P<receiver>{_NAME})\.(?P<name>{_NAME})\((?P<inside>.*)\)")
_AT = re.compile(rf"(?P<receiver>{_NAME})\.at\[(?P<index>{_NAME})\]\.(?P<name>{_NAME})\((?P<inside>.*)\)")
_ATTRIBUTE = re.compile(rf"(?P<receiver>{_NAME})\.(?P<name>{_NAME})")
_SUBSCRIPT = re.compile(rf"(?P<receiver>{_NAME})\[(?P<index>{_NAME})\]")
_BINARY = re.compile(rf"(?P<left>{_NAME}) (?P<operator>\S+|not in|is not) (?P<right>{_NAME}|\d+)")
_UNARY = re.compile(rf"(?P<operator>-|\+|~|not )(?P<operand>{_NAME})")


def _read(signature: str, kind: Kind, tensors: tuple[str, ...] | int, place: str) -> Rule:
    """The rule without its terms: its name and its parameters with their roles."""
    name, parameters = _parse(signature)
    return with_roles(name, parameters, kind, tensors, signature, place)


def with_roles(
    name: str,
    parameters: Sequence[RuleParameter],
    kind: Kind,
    tensors: tuple[str, ...] | int,
    signature: str,
    place: str,
) -> Rule:
    """The rule without its terms, its tensors being those named, or so many of the first parameters."""
    named = tuple(parameter.name for parameter in parameters)
    if len(set(named)) < len(named):
        raise RuleError(f"{signature}: a parameter is named twice")
    wanted = tensors if isinstance(tensors, tuple) else named[:tensors]
    if unknown := [tensor for tensor in wanted if tensor not in named]:
        raise RuleError(f"{signature} has no parameter {', '.join(unknown)}")
    return Rule(name, tuple(_with_role(item, kind, wanted, signature) for item in parameters), kind, place=place)


def _with_role(item: RuleParameter, kind: Kind, tensors: tuple[str, ...], signature: str) -> RuleParameter:
    if item.name in tensors:
        if item.kind == "any":
            raise RuleError(f"{signature}: `...` cannot be a tensor")
        return replace(item, role="tensor")
    if kind != "formula" and item.default is not None:
        if item.default != "0":
            raise RuleError(f"{signature}: an affine parameter is written {item.name}=0")
        return replace(item, role="affine", default=None)
    return item


def _parse(signature: str) -> tuple[str, list[RuleParameter]]:
    if found := _AT.fullmatch(signature):
        first = [RuleParameter(found["receiver"]), RuleParameter(found["index"])]
        return f"array.at.{found['name']}", first + read_parameters(found["inside"], signature)
    if found := _FUNCTION.fullmatch(signature):
        return MODULES[found["root"]] + found["path"], read_parameters(found["inside"], signature)
    if found := _METHOD.fullmatch(signature):
        first = [RuleParameter(found["receiver"])]
        return f"array.{found['name']}", first + read_parameters(found["inside"], signature)
    if found := _ATTRIBUTE.fullmatch(signature):
        return f"array.{found['name']}", [RuleParameter(found["receiver"])]
    if found := _SUBSCRIPT.fullmatch(signature):
        return "operator.[]", [RuleParameter(found["receiver"]), RuleParameter(found["index"])]
    if found := _UNARY.fullmatch(signature):
        return f"operator.unary{found['operator'].strip()}", [RuleParameter(found["operand"])]
    if found := _BINARY.fullmatch(signature):
        number = found["right"] if found["right"].isdigit() else ""
        right = [] if number else [RuleParameter(found["right"])]
        return f"operator.{found['operator']}{number}", [RuleParameter(found["left"]), *right]
    raise RuleError(f"cannot read the signature {signature!r}")


def read_parameters(inside: str, signature: str) -> list[RuleParameter]:
    """What stands between the brackets of a signature."""
    parameters: list[RuleParameter] = []
    kind: ParameterKind = "positional"
    for text in (part.strip() for part in inside.split(",") if part.strip()):
        if text == "*":
            kind = "keyword"
        elif text in ("...", "...=0"):
            parameters.append(RuleParameter("...", "any", default="0" if text.endswith("0") else None))
        elif found := re.fullmatch(rf"(?P<star>\*?)(?P<name>{_NAME})(=(?P<default>.+))?", text):
            parameters.append(RuleParameter(found["name"], "star" if found["star"] else kind, default=found["default"]))
            kind = "keyword" if found["star"] else kind
        else:
            raise RuleError(f"{signature}: cannot read the parameter {text!r}")
    return parameters


# --- Terms ------------------------------------------------------------------------------------------------------------


def terms_by_parameter(terms: Mapping[str, str]) -> dict[str, str]:
    """The terms by the parameter whose tangent they use, from `NAME_dot="…"`."""
    if wrong := [key for key in terms if not key.endswith("_dot")]:
        raise RuleError(f"a term is given as NAME_dot=..., not as {wrong[0]}=...")
    return {key.removesuffix("_dot"): term for key, term in terms.items()}


def with_terms(one: Rule, terms: Mapping[str, str], broadcast: bool) -> Rule:
    """The rule with its terms, each of which is checked."""
    for parameter, term in terms.items():
        try:
            _check_term(one, parameter, term)
        except RuleError as wrong:
            raise RuleError(str(wrong), f"{parameter}_dot") from None
    return replace(one, terms=MappingProxyType(dict(terms)), broadcast=broadcast)


def _check_term(one: Rule, parameter: str, term: str) -> None:
    """A term is an expression, in scope, and mentions its own tangent and no other."""
    try:
        tree = ast.parse(term, mode="eval")
    except SyntaxError as error:
        raise RuleError(f"the term {term!r} of {one.name} is no expression: {error.msg}") from None
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    known = TERM_NAMES | one.by_name.keys() | {f"{parameter}_dot"}
    if unknown := sorted(used - known):
        raise RuleError(f"the term {term!r} of {one.name} uses {', '.join(unknown)}, unknown here")
    if f"{parameter}_dot" not in used:
        raise RuleError(f"the term {term!r} of {one.name} does not use {parameter}_dot")
