"""A rule of the table, evaluated at run time: value and tangent of a call, when the callee is known only then."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from types import CodeType
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jvpgen.rules import Rule, bind
from jvpgen.runtime import formulas, tangent_lax, tangent_numpy
from jvpgen.runtime.linear_calls import fitted, linear_call
from jvpgen.runtime.zero import Zero, is_zero, zero

_SCOPE = {
    "jnp": jnp,
    "lax": lax,
    "nn": nn,
    "jax": jax,
    "np": np,
    "tangent_numpy": tangent_numpy,
    "tangent_lax": tangent_lax,
}
_ON_TANGENTS = {"jnp": "tangent_numpy", "lax": "tangent_lax"}


@dataclass(frozen=True)
class _Argument:
    """One argument of the call: where it stands, what it is and which parameter takes it."""

    place: int | str
    parameter: str
    role: str
    primal: Any
    tangent: Any

    @property
    def moves(self) -> bool:
        return self.role == "tensor" and not is_zero(self.tangent)


def rule_applies(
    rule: Rule,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    kwargs: Mapping[str, Any],
    kwarg_tangents: Mapping[str, Any],
) -> bool:
    """Whether the call fits the rule: its signature, and no tangent where it wants a constant."""
    if rule.kind == "unsupported" or bind(rule, len(primals), kwargs) is None:
        return False
    arguments = _arguments(rule, primals, tangents, kwargs, kwarg_tangents)
    return all(is_zero(argument.tangent) for argument in arguments if argument.role in ("affine", "still"))


def apply_rule(
    rule: Rule,
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    kwargs: Mapping[str, Any],
    kwarg_tangents: Mapping[str, Any],
) -> tuple[Any, Any]:
    """The value of `function(*primals, **kwargs)` and its tangent. A tangent of None stands for no tangent."""
    arguments = _arguments(rule, primals, tangents, kwargs, kwarg_tangents)
    if rule.kind == "constant" or not any(argument.moves for argument in arguments):
        out = function(*primals, **kwargs)
        return out, zero(out)
    if rule.kind == "call":
        return _called(rule, arguments)
    out = function(*primals, **kwargs)
    if rule.kind == "linear":
        return out, _linear(rule, function, arguments)
    terms = _multilinear(function, arguments) if rule.kind == "multilinear" else _terms(rule, arguments, out)
    return out, fitted(reduce(add, terms), out) if terms else zero(out)


def _arguments(
    rule: Rule,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    kwargs: Mapping[str, Any],
    kwarg_tangents: Mapping[str, Any],
) -> list[_Argument]:
    bound = bind(rule, len(primals), kwargs)
    if bound is None:
        raise TypeError(f"these arguments do not fit {rule.signature}")

    def argument(place: int | str, name: str) -> _Argument:
        role = rule.by_name[name].role
        if isinstance(place, int):
            return _Argument(place, name, role, primals[place], tangents[place])
        return _Argument(place, name, role, kwargs[place], kwarg_tangents.get(place))

    return [argument(place, name) for place, name in bound.items()]


def _split(values: Mapping[int | str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Values by place as positional and keyword arguments."""
    positional = [value for place, value in values.items() if isinstance(place, int)]
    return positional, {place: value for place, value in values.items() if isinstance(place, str)}


# --- One way for each kind --------------------------------------------------------------------------------------------


def _called(rule: Rule, arguments: Sequence[_Argument]) -> tuple[Any, Any]:
    """The formula's call: every tensor followed by its tangent, that of `*args` in the keyword `args_dot`."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in arguments:
        is_tensor = argument.role == "tensor"
        if isinstance(argument.place, str):
            keywords[argument.place] = argument.primal
            if is_tensor:
                keywords[f"{argument.place}_dot"] = argument.tangent
        else:
            positional.append(argument.primal)
            if is_tensor and rule.by_name[argument.parameter].kind == "star":
                keywords[f"{argument.parameter}_dot"] = (
                    *keywords.get(f"{argument.parameter}_dot", ()),
                    argument.tangent,
                )
            elif is_tensor:
                positional.append(argument.tangent)
    assert rule.function is not None
    result: tuple[Any, Any] = getattr(formulas, rule.function)(*positional, **keywords)
    return result


def _linear(rule: Rule, function: Callable[..., Any], arguments: Sequence[_Argument]) -> Any:
    """The same call on the tangents; affine parameters become 0."""

    def on_tangents(argument: _Argument) -> Any:
        if argument.role == "tensor":
            return zero(argument.primal) if argument.tangent is None else argument.tangent
        return 0 if argument.role == "affine" else argument.primal

    positional, keywords = _split({argument.place: on_tangents(argument) for argument in arguments})
    return linear_call(function, rule, positional, keywords)


def _multilinear(function: Callable[..., Any], arguments: Sequence[_Argument]) -> list[Any]:
    """One call for each tangent, in the place of its tensor; a tensor may be a list of factors."""
    terms = []
    values = {argument.place: argument.primal for argument in arguments}
    for argument in arguments:
        if argument.moves:
            for tangent in _one_by_one(argument):
                positional, keywords = _split({**values, argument.place: tangent})
                terms.append(function(*positional, **keywords))
    return terms


def _one_by_one(argument: _Argument) -> list[Any]:
    if not isinstance(argument.primal, list | tuple):
        return [argument.tangent]
    factors = list(argument.primal)
    moving = [(i, tangent) for i, tangent in enumerate(argument.tangent) if not is_zero(tangent)]
    return [[*factors[:i], tangent, *factors[i + 1 :]] for i, tangent in moving]


def _terms(rule: Rule, arguments: Sequence[_Argument], out: Any) -> list[Any]:
    scope = dict(_defaults(rule)) | {argument.parameter: argument.primal for argument in arguments} | {"out": out}
    results = []
    for argument in arguments:
        if argument.moves:
            scope[f"{argument.parameter}_dot"] = argument.tangent
            term = eval(_compiled(rule.terms[argument.parameter]), {**_SCOPE, **scope})
            if not isinstance(term, Zero):
                results.append(fitted(term, out) if rule.broadcast else term)
    return results


@cache
def _defaults(rule: Rule) -> Mapping[str, Any]:
    return {p.name: ast.literal_eval(p.default) for p in rule.parameters if p.default is not None}


@cache
def _compiled(term: str) -> CodeType:
    """The code of a term, in which calls on tangents are those of `tangent_numpy` and `tangent_lax`."""
    tree = _OnTangents().visit(ast.parse(term, mode="eval"))
    return compile(ast.fix_missing_locations(tree), f"<the term {term}>", "eval")


class _OnTangents(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.Call:
        if any(_mentions_tangent(argument) for argument in (*node.args, *node.keywords)):
            for part in ast.walk(node.func):
                if isinstance(part, ast.Name):
                    part.id = _ON_TANGENTS.get(part.id, part.id)
        self.generic_visit(node)
        return node


def _mentions_tangent(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) and part.id.endswith("_dot") for part in ast.walk(node))
