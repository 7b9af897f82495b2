"""`jvpgen.jvp` against `lift.jvp` in functions of a scope, and generated functions of one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax.core import apply, init, lift
from flax.core import nn as functional

import jvpgen
from tests.golden.cases import all_cases
from tests.golden.imported import imported
from tests.runtime.test_jvp import KEY, X_DOT, X, assert_close, layers_by_hand, ones, strict  # noqa: F401

# --- Scopes -----------------------------------------------------------------------------------------------------------


def learn_scale(scope: Any, x: Any) -> Any:
    return scope.param("scale", nn.initializers.ones, ()) * x


def mlp(scope: Any, x: Any, width: int = 4) -> Any:
    x = scope.child(functional.dense, "hidden")(x, width)
    x = jnp.tanh(x)
    x = functional.dropout(scope, x, 0.5)
    seen = scope.variable("state", "seen", jnp.zeros, ())
    seen.value = seen.value + x.mean()
    inner = scope.push("last")
    return functional.dense(inner, x, 2) * scope.child(learn_scale)(seen.value)


def in_scope(lifted: Any, function: Any, collections: tuple[str, ...]) -> Any:
    def run(scope: Any, x: Any, x_dot: Any) -> Any:
        known = scope.variables()
        tangents = {name: ones(known[name]) for name in collections if name in known}
        return lifted(function, scope, (x,), (x_dot,), tangents)

    return run


@pytest.mark.parametrize("function", [learn_scale, mlp])
@pytest.mark.parametrize("collections", [(), ("params",), ("params", "state")])
def test_scope_functions(function: Any, collections: tuple[str, ...]) -> None:
    rngs = {"params": KEY, "dropout": jax.random.key(3)}
    outcomes = [init(in_scope(lifted, function, collections))(rngs, X, X_DOT) for lifted in (lift.jvp, strict)]
    (theirs, variables), (ours, own_variables) = outcomes
    assert_close(variables, own_variables, exact=True)
    assert_close(theirs, ours)
    results = []
    for lifted in (lift.jvp, strict):
        applied = apply(in_scope(lifted, function, collections), mutable=["state"])
        results.append(applied(variables, X, X_DOT, rngs={"dropout": KEY}))
    assert_close(*results)


def test_scope_functions_that_lift() -> None:
    def batched(scope: Any, x: Any) -> Any:
        axes = {"variable_axes": {"params": None}, "split_rngs": {"params": False}}
        return lift.vmap(learn_scale, **axes)(scope, x)

    def run(lifted: Any, variables: Any) -> Any:
        return apply(in_scope(lifted, batched, ("params",)))(variables, X, X_DOT)

    _, variables = init(in_scope(lift.jvp, batched, ("params",)))(KEY, X, X_DOT)
    assert_close(run(lift.jvp, variables), run(jvpgen.jvp, variables))


def test_two_scopes() -> None:
    def product(scopes: Any, x: Any) -> Any:
        first, second = scopes
        return learn_scale(first, x) * learn_scale(second, x)

    def run(lifted: Any) -> Any:
        def function(scope: Any, x: Any) -> Any:
            scopes = (scope.push("a"), scope.push("b"))
            tangents = tuple({"params": ones(part.variables().get("params", {}))} for part in scopes)
            return lifted(product, scopes, (x,), (2 * x,), tangents)

        return function

    _, variables = init(run(lift.jvp))(KEY, X)
    assert_close(*(apply(run(lifted))(variables, X) for lifted in (lift.jvp, jvpgen.jvp)))


# --- Generated functions of a scope -----------------------------------------------------------------------------------


@pytest.fixture
def scope_functions(tmp_path: Path) -> Any:
    """The golden case, its generated file beside it."""
    case = next(case for case in all_cases() if case.name == "functions_of_a_scope")
    with imported(case, tmp_path) as modules:
        yield modules


def test_public_function_of_a_scope(scope_functions: Any) -> None:
    source, generated = scope_functions

    def ours(scope: Any, x: Any, x_dot: Any, tangents: Any) -> Any:
        return generated.running_jvp(scope, x, decay=jnp.float32(0.9), variable_tangents=tangents, x_dot=x_dot)

    def theirs(scope: Any, x: Any, x_dot: Any, tangents: Any) -> Any:
        fn = functools.partial(source.running, decay=jnp.float32(0.9))
        return lift.jvp(fn, scope, (x,), (x_dot,), tangents)

    _, variables = init(ours)(KEY, X, X_DOT, None)
    assert_close(variables, init(theirs)(KEY, X, X_DOT, {})[1], exact=True)
    tangents = ones(variables)
    results = [apply(f, mutable=["state"])(variables, X, X_DOT, tangents) for f in (theirs, ours)]
    assert_close(*results)

    def along_kernels(scope: Any, x: Any, tangents: Any) -> Any:
        return generated.along_kernels_jvp(scope, x, 2, variable_tangents=tangents)

    _, of_dense = init(along_kernels)(KEY, X, None)
    assert apply(along_kernels)(of_dense, X, ones(of_dense))[1].shape == (2, 2)
    with pytest.raises(ValueError, match=r"variable_tangents\['state'\]"):
        apply(along_kernels)(of_dense, X, {"state": {"total": X}})
