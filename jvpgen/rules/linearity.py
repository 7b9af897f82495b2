"""Whether a term is linear in its tangent: the text of a term enters, a complaint leaves, or none.

Tables are tested against JAX; what a user writes is checked here, by the form of the term. Linear are sums, multiples
and parts of what is linear, and the functions of `jnp` and `lax` that the table knows as linear: those take zeros too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from jvpgen.rules.rule import MODULES, Rule, RuleError
from jvpgen.rules.table import bind, lookup

# Functions whose own rule is a term in which they occur again, on the tangent.
LINEAR_IN_TERMS = frozenset(
    ("jax.numpy.take", "jax.numpy.take_along_axis", "jax.lax.gather", "jax.numpy.linalg.solve"),
)
_ON_TANGENTS = ("jax.numpy.", "jax.lax.")


def check_linear(term: str, tangent: str) -> None:
    """Raises where `term` is not plainly linear in `tangent`.

    Raises:
      RuleError: with what in the term is not.
    """
    tree = ast.parse(term, mode="eval").body
    if not _mentions(tree, tangent):
        raise RuleError(f"the term {term!r} does not use {tangent}")
    _check(tree, tangent)


def _check(node: ast.expr, tangent: str) -> None:
    """Raises unless `node`, in which the tangent occurs, is linear in it."""
    match node:
        case ast.Name():
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _check(operand, tangent)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _check_all((left, right), tangent, "is added to a part without it")
        case ast.BinOp(left=left, op=ast.Mult() | ast.MatMult(), right=right):
            return _check_product((left, right), node, tangent)
        case ast.BinOp(left=left, op=ast.Div(), right=right) if not _mentions(right, tangent):
            return _check(left, tangent)
        case ast.Subscript(value=value, slice=index) if not _mentions(index, tangent):
            return _check(value, tangent)
        case ast.Attribute(value=value, attr=name) if _is_linear_method(name):
            return _check(value, tangent)
        case ast.IfExp(test=test, body=body, orelse=orelse) if not _mentions(test, tangent):
            return _check_all((body, orelse), tangent, "stands in one branch only")
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return _check_all(parts, tangent, "stands beside a part without it")
        case ast.Call():
            return _check_call(node, tangent)
    raise RuleError(f"`{ast.unparse(node)}` is not linear in {tangent}")


def _check_all(parts: Iterable[ast.expr], tangent: str, otherwise: str) -> None:
    """Parts that are linear together: each is, or is a literal zero."""
    for part in parts:
        if _mentions(part, tangent):
            _check(part, tangent)
        elif not (isinstance(part, ast.Constant) and part.value == 0):
            raise RuleError(f"{tangent} {otherwise}, `{ast.unparse(part)}`: that is not linear")


def _check_product(factors: Iterable[ast.expr], node: ast.expr, tangent: str) -> None:
    moving = [factor for factor in factors if _mentions(factor, tangent)]
    if len(moving) != 1:
        raise RuleError(f"`{ast.unparse(node)}` is not linear in {tangent}: it occurs in {len(moving)} factors")
    _check(moving[0], tangent)


def _check_call(node: ast.Call, tangent: str) -> None:
    """A function of `jnp` or `lax`, or a method, that is known to be linear in what moves."""
    given: list[tuple[int | str, ast.expr]] = [*enumerate(node.args)]
    given += [(item.arg, item.value) for item in node.keywords if item.arg is not None]
    if isinstance(node.func, ast.Attribute) and _mentions(node.func.value, tangent):
        rule = lookup(f"array.{node.func.attr}")
        given = [(0, node.func.value), *((p + 1 if isinstance(p, int) else p, value) for p, value in given)]
    else:
        rule = _function_rule(node.func)
    if rule is None or (rule.kind not in ("linear", "multilinear") and rule.name not in LINEAR_IN_TERMS):
        raise RuleError(f"`{ast.unparse(node.func)}` of {tangent} is not known to be linear")
    count = sum(isinstance(place, int) for place, _ in given)
    bound = bind(rule, count, [place for place, _ in given if isinstance(place, str)])
    if bound is None:
        raise RuleError(f"`{ast.unparse(node)}` does not fit {rule.signature}")
    tensors = [value for place, value in given if rule.by_name[bound[place]].role == "tensor"]
    others = [value for place, value in given if rule.by_name[bound[place]].role != "tensor"]
    if any(_mentions(value, tangent) for value in others):
        raise RuleError(f"`{ast.unparse(node)}` is not linear in {tangent}")
    if rule.kind == "linear":
        return _check_all(tensors, tangent, "stands beside a part without it")
    _check_product(tensors, node, tangent)


def _function_rule(function: ast.expr) -> Rule | None:
    root, _, rest = ast.unparse(function).partition(".")
    name = f"{MODULES[root]}.{rest}" if root in MODULES and rest else ""
    return lookup(name) if name.startswith(_ON_TANGENTS) else None


def _is_linear_method(name: str) -> bool:
    rule = lookup(f"array.{name}")
    return rule is not None and rule.kind == "linear"


def _mentions(node: ast.AST, name: str) -> bool:
    return name in _names(node)


def _names(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))
