"""Test cases are calls, written as a user would write them: `jnp.sum(f(2, 3), axis=1)`.

A line is read as the rule that the table has for it, the function, and the arguments, made by these:

    f(2, 3)            floats of that shape, normally distributed        u(2, 3)    floats between -0.9 and 0.9
    p(2, 3)            floats between 0.5 and 2                          c(2, 3)    complex numbers
    v(0, 1, nan)       a vector of the very values                       n(0, 2)    a vector of integers
    m(1, 0)            a mask                                            key()      a random key

`dtype` is the one under test. What follows `#` excludes dtypes, with the reason: `# not bfloat16: sorts`.
"""

from __future__ import annotations

import ast
import builtins
import math
import operator
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import einops
import flax.linen as nn
import jax
import jax.ad_checkpoint
import jax.numpy as jnp
import numpy as np
from jax import lax

from jvpgen.rules import Rule, lookup
from jvpgen.rules.rule import MODULES

_BINARY = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Mod: "%", ast.Pow: "**",
    ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_COMPARISON = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_UNARY = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not"}


@dataclass(frozen=True)
class Line:
    """One test case; `text` is its name."""

    text: str
    excluded: str

    def allows(self, dtype: str) -> bool:
        return dtype not in self.excluded


@dataclass(frozen=True)
class Case:
    """A line read for one dtype."""

    rule: Rule
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def lines_of(table: str) -> list[Line]:
    """The lines of a table of test cases; headings start with `#`."""
    found = []
    for text in table.strip().splitlines():
        call, _, comment = text.partition("  # ")
        if call.strip() and not call.strip().startswith("#"):
            found.append(Line(call.strip(), comment))
    return found


NOT_IN_EVERY_PYTHON = {"math.sumprod"}  # of 3.12


class Makers:
    """Makes the arrays of a line, the same ones each time."""

    def __init__(self, dtype: str) -> None:
        self.dtype = jnp.dtype(dtype)
        self.random = np.random.default_rng(2)

    def scope(self) -> dict[str, Any]:
        wide = jnp.promote_types(self.dtype, jnp.complex64)
        return {
            "builtins": builtins, "math": math, "typing": typing, "inf": jnp.inf, "nan": jnp.nan, "dtype": self.dtype,
            "jnp": jnp, "lax": lax, "nn": nn, "jax": jax, "np": np, "einops": einops,
            "f": lambda *shape: self._array(self.random.normal(size=shape)),
            "u": lambda *shape: self._array(self.random.uniform(-0.9, 0.9, size=shape)),
            "p": lambda *shape: self._array(self.random.uniform(0.5, 2, size=shape)),
            "c": lambda *shape: jnp.asarray(self.random.normal(size=shape) + 1j * self.random.normal(size=shape), wide),
            "v": lambda *values: self._array(values),
            "n": lambda *values: jnp.asarray(values, jnp.int32),
            "m": lambda *values: jnp.asarray(values, bool),
            "key": lambda: jax.random.key(0),
        }  # fmt: skip

    def _array(self, values: Any) -> Any:
        return jnp.asarray(np.asarray(values), self.dtype)


def read(text: str, dtype: str) -> Case:
    """The case of a line, its arrays made."""
    scope = Makers(dtype).scope()

    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), text, "eval"), scope)

    name, function, nodes, keywords = _parts(ast.parse(text, mode="eval").body, value)
    rule = lookup(name)
    assert rule is not None, f"{name} has no rule"
    args = []
    for node in nodes:
        args += value(node.value) if isinstance(node, ast.Starred) else [value(node)]
    return Case(rule, function, tuple(args), {keyword.arg: value(keyword.value) for keyword in keywords if keyword.arg})


def _parts(
    node: ast.expr, value: Callable[[ast.expr], Any]
) -> tuple[str, Callable[..., Any], list[ast.expr], list[ast.keyword]]:
    """The name in the table, the function, and the argument nodes."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Subscript(value=ast.Attribute(value=array, attr="at"), slice=index))
        ):
            method = node.func.attr
            update = lambda a, index, *args, **kwargs: getattr(a.at[index], method)(*args, **kwargs)  # noqa: E731
            return f"array.at.{method}", update, [array, _as_argument(index), *node.args], node.keywords
        case ast.Call(func=function) if (name := _qualified(function)) is not None:
            return name, value(function), node.args, node.keywords
        case ast.Call(func=ast.Attribute(value=array, attr=method)):
            call = lambda a, *args, **kwargs: getattr(a, method)(*args, **kwargs)  # noqa: E731
            return f"array.{method}", call, [array, *node.args], node.keywords
        case ast.Attribute(value=array, attr=name):
            return f"array.{name}", operator.attrgetter(name), [array], []
        case ast.Subscript(value=array, slice=index):
            return "operator.[]", operator.getitem, [array, _as_argument(index)], []
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=exponent)) if lookup(f"operator.**{exponent}"):
            return f"operator.**{exponent}", lambda a: a**exponent, [left], []
        case ast.BinOp(left=left, op=op, right=right):
            return _operator(_BINARY[type(op)], [left, right])
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _operator(_COMPARISON[type(op)], [left, right])
        case ast.UnaryOp(op=op, operand=operand):
            symbol = _UNARY[type(op)]
            function = eval(f"lambda a: {symbol} a")
            return f"operator.unary{symbol}", function, [operand], []
    raise ValueError(f"cannot read {ast.unparse(node)}")


def _as_argument(index: ast.expr) -> ast.expr:
    """`np.s_[index]`: an index with slices, outside of brackets."""
    s_ = ast.Attribute(ast.Name("np", ast.Load()), "s_", ast.Load())
    return ast.fix_missing_locations(ast.Subscript(s_, index, ast.Load()))


def _operator(
    symbol: str, operands: list[ast.expr]
) -> tuple[str, Callable[..., Any], list[ast.expr], list[ast.keyword]]:
    return f"operator.{symbol}", eval(f"lambda a, b: a {symbol} b"), operands, []


def _qualified(node: ast.expr) -> str | None:
    """`jax.numpy.sum` for `jnp.sum`; None where the text is no dotted name of a module."""
    text = ast.unparse(node)
    root, _, rest = text.partition(".")
    if not re.fullmatch(r"[\w.]+", text):
        return None
    if not rest:
        return f"builtins.{text}"
    return f"{MODULES[root]}.{rest}" if root in MODULES else None
