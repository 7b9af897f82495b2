"""Bodies: found by the exact function, bound as the source's parameters say, refused where a tangent has no place."""

from __future__ import annotations

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from jvpgen.runtime import Pair, Zero, body, pushforward
from jvpgen.runtime.registry import body_of, exact_function

MOVING = jnp.ones(3)


def recorded(target: Any, **kwargs: Any) -> Any:
    """A derivative of `target` that says what it was called with."""
    return target, kwargs


def test_a_class_means_its_call_and_only_flax_s_wrapper_is_peeled() -> None:
    def mine(f: Any) -> Any:
        @functools.wraps(f)
        def wrapper(*args: Any) -> Any:
            return f(*args)

        return wrapper

    class Module(nn.Module):
        @mine
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return x

    assert exact_function(Module) is exact_function(Module.__call__)
    assert exact_function(Module).__wrapped__.__code__.co_name == "__call__"

    @body(Module)
    def derivative(self: Any, x: Any, x_dot: Any) -> Any:
        return x, x_dot

    assert body_of(exact_function(Module)).derivative is derivative  # type: ignore[union-attr]
    assert body_of(exact_function(Module).__wrapped__) is None


def test_copied_attributes_are_no_derivative() -> None:
    def f(x: Any) -> Any:
        return x

    @body(f)
    def f_jvp(x: Any, x_dot: Any) -> Any:
        return x, x_dot

    @functools.wraps(f)
    def g(x: Any) -> Any:
        return 2 * x

    assert body_of(f) is not None
    assert body_of(g) is None


def outcome_of(derivative: Any, *args: Any, renamed: Any = None, **kwargs: Any) -> Any:
    def target(*args: Any, **kwargs: Any) -> Any:
        return "not taken", None

    body(target, renamed)(derivative)
    return body_of(target).call(args, kwargs)  # type: ignore[union-attr]


def test_all_kinds_of_parameters() -> None:
    def derivative(
        a: Any, a_dot: Any, /, b: Any, c: Any = 2.0, c_dot: Any = None, *rest: Any, rest_dot: Any = (), d: Any,
        d_dot: Any, e: Any = None, e_dot: Any = None, named_dot: Any = None, **named: Any,
    ) -> Any:  # fmt: skip
        return (a, b, c, rest, d, e, named), (a_dot, None, c_dot, rest_dot, d_dot, e_dot, named_dot)

    (a, b, c, rest, d, e, named), dots = outcome_of(derivative, Pair(1.0, MOVING), 5, d=Pair(3.0, MOVING), z=Pair(4.0))
    assert (a, b, c, rest, d, e, named) == (1.0, 5, 2.0, (), 3.0, None, {"z": 4.0})
    assert dots[0] is MOVING and isinstance(dots[2], Zero) and dots[3] == () and dots[4] is MOVING
    assert dots[5] is None and isinstance(dots[6]["z"], Zero)
    (_, _, c, rest, *_), dots = outcome_of(derivative, 1.0, 5, Pair(6.0, MOVING), 7.0, Pair(8.0, MOVING), d=1)
    assert (c, rest) == (6.0, (7.0, 8.0))
    assert isinstance(dots[0], Zero) and dots[2] is MOVING and dots[3][1] is MOVING and isinstance(dots[3][0], Zero)


def test_renamed_tangents() -> None:
    def derivative(x: Any, x_tangent: Any, x_dot: Any) -> Any:
        return (x, x_dot), x_tangent

    (x, x_dot), tangent = outcome_of(derivative, Pair(1.0, MOVING), 2.0, renamed={"x": "x_tangent"})
    assert (x, x_dot) == (1.0, 2.0) and tangent is MOVING

    def no_tangent(x: Any, x_dot: Any) -> Any:
        return (x, x_dot), None

    assert outcome_of(no_tangent, 1.0, 2.0, renamed={"x": None})[0] == (1.0, 2.0)


@pytest.mark.parametrize("args, kwargs", [((), {}), ((1, 2), {}), ((1,), {"x": 2}), ((1,), {"y": 2})])
def test_wrong_calls_are_type_errors(args: Any, kwargs: Any) -> None:
    with pytest.raises(TypeError):
        outcome_of(lambda x, x_dot: (x, x_dot), *args, **kwargs)


def test_a_moving_tangent_for_a_still_parameter_is_not_taken() -> None:
    def f(x: Any, scale: Any) -> Any:
        return jnp.sort(x) * scale

    @body(f)
    def f_jvp(x: Any, x_dot: Any, scale: Any) -> Any:
        return f(x, scale), x_dot * 100.0

    x = jnp.array([1.0, 2.0, 3.0])
    assert pushforward(f, (x, 2.0), (x, None))[1].tolist() == (x * 100).tolist()
    _, both = pushforward(f, (x, jnp.float32(2)), (x, jnp.float32(1)))
    wanted = jax.jvp(f, (x, jnp.float32(2)), (x, jnp.float32(1)))[1]
    assert both.tolist() == wanted.tolist()


def test_a_function_that_is_only_a_derivative() -> None:
    @body(None)
    def double(x: Any, x_dot: Any) -> Any:
        return x * 2, x_dot * 2

    assert double(3.0) == 6.0
    out, out_dot = pushforward(double, (3.0,), (jnp.float32(1),))
    assert (out, float(out_dot)) == (6.0, 2.0)


def test_through_jit_and_partial() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y

    @body(f)
    def f_jvp(x: Any, x_dot: Any, y: Any, y_dot: Any) -> Any:
        return x * y, x_dot * y + x * y_dot

    one = jnp.float32(1)
    assert pushforward(jax.jit(f), (2.0, 3.0), (one, one))[1] == 5
    assert pushforward(functools.partial(f, 2.0), (3.0,), (one,))[1] == 2
    assert pushforward(jax.jit(functools.partial(f, y=2.0)), (3.0,), (one,))[1] == 2
    held, _ = pushforward(functools.partial, (f, 2.0), (None, one))
    assert pushforward(held, (3.0,), (one,))[1] == 5
    nested, _ = pushforward(functools.partial, (held,), (None,), y=Pair(3.0, one))
    assert nested() == 6.0
    assert pushforward(nested, (), ())[1] == 5
