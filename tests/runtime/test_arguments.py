"""Arguments that generated functions take in bulk, `*args` and `**kwargs`, and those named like their own."""

from __future__ import annotations

import inspect
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import jvpgen
from jvpgen.emit.public import APPLY_OPTIONS
from jvpgen.runtime import apply_jvp, function_jvp
from tests.runtime.compare import assert_close

X, Y, Z = jax.random.normal(jax.random.key(0), (3, 4))


class Sum(nn.Module):
    @nn.compact
    def __call__(self, x: Any, *rest: Any, scale: Any = 1.0, **named: Any) -> Any:
        total: Any = x * scale
        for value in (*rest, *named.values()):
            total = total * value
        return total


def product(*xs: Any, **named: Any) -> Any:
    total: Any = 1.0
    for value in (*xs, *named.values()):
        total = total * value
    return total


sum_jvp = jvpgen.transform(Sum)
product_jvp = jvpgen.transform(product)


@pytest.mark.parametrize("nothing", [{}, {"xs_dot": None}, {"xs_dot": ()}, {"xs_dot": (None, None)}])
def test_star_without_tangents(nothing: dict[str, Any]) -> None:
    out, out_dot = product_jvp(X, Y, **nothing)
    assert_close((out, out_dot), (X * Y, jnp.zeros(4)), 1e-6)


def test_star_with_some_tangents() -> None:
    out, out_dot = product_jvp(X, Y, xs_dot=(None, Z))
    assert_close((out, out_dot), (X * Y, X * Z), 1e-6)
    out, out_dot = sum_jvp(Sum(), {}, X, Y, x_dot=Z)
    assert_close((out, out_dot), (X * Y, Z * Y), 1e-6)
    out, out_dot = sum_jvp(Sum(), {}, X, Y, rest_dot=(Z,), rngs=None)
    assert_close((out, out_dot), (X * Y, X * Z), 1e-6)


def test_star_with_too_few_tangents() -> None:
    with pytest.raises(ValueError, match="3 primals but 2 tangents"):
        sum_jvp(Sum(), {}, X, Y, Z, x_dot=X, rest_dot=(Z,))


@pytest.mark.parametrize("nothing", [{}, {"named_dot": None}, {"named_dot": {}}, {"named_dot": {"a": None}}])
def test_named_without_tangents(nothing: dict[str, Any]) -> None:
    out, out_dot = product_jvp(X, a=Y, **nothing)
    assert_close((out, out_dot), (X * Y, jnp.zeros(4)), 1e-6)


def test_named_with_tangents() -> None:
    out, out_dot = product_jvp(X, a=Y, b=Z, named_dot={"b": X})
    assert_close((out, out_dot), (X * Y * Z, X * Y * X), 1e-6)
    out, out_dot = sum_jvp(Sum(), {}, X, scale=2.0, keywords=Y, method=Z, named_dot={"method": X}, scale_dot=1.0)
    assert_close((out, out_dot), (X * 2 * Y * Z, X * Y * Z + 2 * X * Y * X), 1e-6)


def test_named_with_a_tangent_for_nothing() -> None:
    with pytest.raises(ValueError, match="a tangent for 'b', which is no argument of this call"):
        product_jvp(X, a=Y, named_dot={"b": X})
    with pytest.raises(TypeError, match="multiple values for keyword argument 'a'"):
        apply_jvp(Sum(), {}, (X,), None, keywords={"a": Y}, a=Y)


def test_options_are_those_of_apply_jvp() -> None:
    """The names that generated code passes in a mapping are the names that `apply_jvp` takes for itself."""
    assert set(inspect.signature(apply_jvp).parameters) - {"kwargs"} == APPLY_OPTIONS


def test_named_like_a_tangent_of_the_derivative() -> None:
    """`xs_dot` is an argument of the user's here, since `**named` takes any: the whole call goes through `jax.jvp`."""
    out, out_dot = function_jvp(product, (X, Y), (None, X), {"xs_dot": Z, "a": X})
    assert_close((out, out_dot), (X * Y * Z * X, X * X * Z * X), 1e-6)
