"""What users may give as tangents, how it is refused, and what they get back."""

from __future__ import annotations

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.core import freeze

import jvpgen
from jvpgen import NotGenerated, apply_jvp
from jvpgen.runtime import Pair, body, counts
from tests.runtime import models
from tests.runtime.compare import assert_close, random_tangents

MODULE = models.MLP()
X = jax.random.normal(jax.random.key(1), (3, 5))
VARIABLES = MODULE.init(jax.random.key(0), X)
DOTS = random_tangents(VARIABLES, 1)


def wanted(dots: Any = DOTS, x_dot: Any = None) -> Any:
    x_dot = jnp.zeros_like(X) if x_dot is None else x_dot
    return jax.jvp(lambda v, x: MODULE.apply(v, x), (VARIABLES, X), (dots, x_dot))


ACCEPTED: list[Any] = [
    freeze(DOTS),
    {"params": freeze(DOTS["params"])},
    jax.tree.map(np.asarray, DOTS),
    {**DOTS, "unused": {}},
    {**DOTS, "unused": None},
]


@pytest.mark.parametrize("dots", ACCEPTED)
def test_accepted_trees(dots: Any) -> None:
    assert_close(apply_jvp(MODULE, VARIABLES, (X,), None, dots), wanted(), 2e-6)


@pytest.mark.parametrize(
    "none", [None, {}, {"params": None}, {"params": {}}, {"params": {"Dense_0": {"kernel": None}}}]
)
def test_nothing_is_zero(none: Any) -> None:
    _, y_dot = apply_jvp(MODULE, VARIABLES, [X], [None], none)
    assert y_dot.shape == (3, 2) and not y_dot.any()


@pytest.mark.parametrize("variables", [freeze(VARIABLES), jax.tree.map(np.asarray, VARIABLES)])
def test_accepted_variables(variables: Any) -> None:
    assert_close(apply_jvp(MODULE, variables, (np.asarray(X),), (np.asarray(X),), DOTS), wanted(x_dot=X), 2e-6)


@pytest.mark.parametrize(
    "path, value, message",
    [
        (
            ("Dense_0", "kernel"),
            jnp.ones((3, 4)),
            r"variable_tangents\['params'\]\['Dense_0'\]\['kernel'\]: shape \(3, 4\)",
        ),
        (("Dense_0", "bias"), jnp.ones(4, jnp.bfloat16), r"\['bias'\]: dtype bfloat16, expected float32"),
        (("Dense_0", "bias"), jnp.ones(4, jnp.int32), r"\['bias'\]: dtype int32, expected float32"),
        (("Dense_0", "bias"), np.zeros(4, jax.dtypes.float0), r"dtype float0, expected float32"),
        (("Dense_0",), jnp.ones(4), r"\['Dense_0'\]: ArrayImpl, expected a mapping"),
        (("Dense_0", "bias"), {"x": 1}, r"\['bias'\]: dict, expected an array"),
        (("Dense_9",), {}, r"\['Dense_9'\]: no such entry"),
    ],
)
def test_refused_trees(path: Any, value: Any, message: str) -> None:
    dots = jax.tree.map(lambda t: t, DOTS)
    inner = dots["params"]
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises((ValueError, TypeError), match=message):
        apply_jvp(MODULE, VARIABLES, (X,), None, dots)


def test_unknown_collection() -> None:
    with pytest.raises(ValueError, match=r"variable_tangents\['stats'\]: no such collection"):
        apply_jvp(MODULE, VARIABLES, (X,), None, {"stats": {"a": jnp.ones(3)}})


class Echo(nn.Module):
    def __call__(self, x: Any, n: Any = None, *, label: Any = "a") -> Any:
        return {"x": x, "n": n, "label": label, "none": None, "f": 2.0}


@body(Echo)
def _echo(self: Any, x: Any, x_dot: Any, n: Any = None, n_dot: Any = None, *, label: Any = "a") -> Any:
    primal = {"x": x, "n": n, "label": label, "none": None, "f": 2.0}
    return primal, {"x": x_dot, "n": n_dot, "label": None, "none": None, "f": None}


class Point(NamedTuple):
    a: Any
    b: Any


def test_outputs_have_the_primals_structure_shapes_and_dtypes() -> None:
    y, y_dot = apply_jvp(Echo(), {}, (Point(X, 3), jnp.arange(3)), (Point(None, None), None))
    assert jax.tree.structure(y) == jax.tree.structure(y_dot)
    assert isinstance(y_dot["x"], Point) and y_dot["x"].a.shape == X.shape
    assert y_dot["x"].b.dtype == y_dot["n"].dtype == y_dot["label"].dtype == jax.dtypes.float0
    assert y_dot["f"].dtype == jnp.float32 and y_dot["none"] is None


@pytest.mark.parametrize("x", [X, Point(X, X), {"a": [X, None]}, (X, 2.0), freeze({"a": X})])
def test_input_trees(x: Any) -> None:
    dots = jax.tree.map(jnp.ones_like, x)
    y, y_dot = apply_jvp(Echo(), {}, (x,), (dots,))
    assert jax.tree.structure(y) == jax.tree.structure(y_dot)
    assert_close(y_dot["x"], jax.tree.map(lambda v: jnp.ones_like(v), x), 0.0)


class Mean(nn.Module):
    count: int = 0

    @nn.compact
    def __call__(self, x: Any) -> Any:
        return x, sum([x.sum() * i for i in range(self.count)]) / max(self.count, 1)


@pytest.mark.parametrize("count", [0, 2])
def test_tangents_of_python_numbers_are_arrays(count: int) -> None:
    jvpgen.transform(Mean)
    x = jnp.ones((2, 3))
    out_dot = apply_jvp(Mean(count), {}, (x,), (x,))[1]
    assert all(isinstance(leaf, jax.Array) for leaf in out_dot)
    assert_close(out_dot, jax.jvp(lambda x: Mean(count).apply({}, x), (x,), (x,))[1], 2e-6)


def test_inputs_that_need_no_tangent_stay_what_they_are() -> None:
    y, _ = apply_jvp(Echo(), {}, (3, "text"), None, label=5)
    assert (y["x"], y["n"], y["label"]) == (3, "text", 5)
    assert isinstance(apply_jvp(Echo(), {}, (np.ones(3),), None)[0]["x"], jax.Array)


@pytest.mark.parametrize(
    "primals, tangents, message",
    [
        (("text",), (X,), r"tangents\[0\]: a tangent for a static value of type str"),
        ((jnp.arange(3),), (jnp.ones(3),), r"tangents\[0\]: a tangent for a primal of dtype int32"),
        (((X, X),), ((X,),), r"tangents\[0\]: length 1, expected tuple of length 2"),
        (({"a": X},), ({"b": X},), r"tangents\[0\]\['b'\]: no such entry"),
        ((X,), (X, X), "1 primals but 2 tangents"),
        ((X,), (X[0],), r"tangents\[0\]: shape \(5,\), expected \(3, 5\)"),
    ],
)
def test_refused_tangents(primals: Any, tangents: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        apply_jvp(Echo(), {}, primals, tangents)


def test_float0_is_accepted_for_integers() -> None:
    zeros = np.zeros(3, jax.dtypes.float0)
    assert apply_jvp(Echo(), {}, (jnp.arange(3),), (zeros,))[1]["x"].dtype == jax.dtypes.float0


def test_numbers_as_tangents() -> None:
    _, y_dot = apply_jvp(Echo(), {}, (2.0,), (1.0,))
    assert y_dot["x"] == 1 and y_dot["x"].dtype == jnp.float32


def test_refused_keyword_tangent() -> None:
    with pytest.raises(TypeError, match="label: a tangent for a static value"):
        apply_jvp(Echo(), {}, (X,), None, label=Pair("a", X))


class Undeclared(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        return nn.Dense(3)(x)


def test_a_module_without_derivative() -> None:
    with pytest.raises(NotGenerated, match=r"Undeclared\.__call__: run  python -m jvpgen .*test_boundary\.py"):
        apply_jvp(Undeclared(), {}, (X,), (X,))


def _from_flax(function: Any) -> Any:
    """A function of Flax's that no test derives."""
    function.__module__ = "flax.linen.unread"
    return function


class Layer(nn.Module):
    """A layer of Flax's whose source nobody has."""

    @nn.compact
    @_from_flax
    def __call__(self, x: Any) -> Any:
        return jnp.tanh(x) * self.param("w", nn.initializers.normal(), (X.shape[-1],))


def test_flax_s_own_layers_are_never_missing() -> None:
    layer = Layer()
    variables = layer.init(jax.random.key(0), X)
    dots = random_tangents(variables, 3)
    reference = jax.jvp(lambda v, x: layer.apply(v, x), (variables, X), (dots, X))
    assert_close(apply_jvp(layer, variables, (X,), (X,), dots), reference, 5e-6)
    assert counts.snapshot().opaque == 1


class Boxed(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        init = nn.with_partitioning(nn.initializers.normal(), ("a",))
        boxed = self.param("boxed", init, (3,), unbox=False)
        state = self.variable("state", "s", lambda: nn.Partitioned(jnp.ones(3), ("a",)))
        state.value = state.value * x
        return x * self.param("w", init, (3,)) * boxed.unbox() * state.value


@body(Boxed)
def _boxed(self: Any, x: Any, x_dot: Any) -> Any:
    from jvpgen.runtime import param, variable

    init = nn.with_partitioning(nn.initializers.normal(), ("a",))
    boxed, boxed_dot = param(self, "boxed", init, (3,), unbox=False)
    state, state_dot = variable(self, "state", "s", lambda: nn.Partitioned(jnp.ones(3), ("a",)))
    state_dot_value = state_dot.value * x + state.value * x_dot
    state.value = state.value * x
    state_dot.value = state_dot_value
    w, w_dot = param(self, "w", init, (3,))
    b, b_dot, s, s_dot = boxed.unbox(), boxed_dot.unbox(), state.value, state_dot.value
    return x * w * b * s, x_dot * w * b * s + x * w_dot * b * s + x * w * b_dot * s + x * w * b * s_dot


@pytest.mark.parametrize("unboxed", [False, True])
def test_boxed_variables(unboxed: bool) -> None:
    x = jnp.arange(1.0, 4.0)
    variables = Boxed().init(jax.random.key(0), x)
    dots = random_tangents(variables, 1)
    (y, updates), (y_dot, updates_dot) = jax.jvp(
        lambda v, x: Boxed().apply(v, x, mutable=["state"]), (variables, x), (dots, x)
    )
    given = nn.meta.unbox(dots) if unboxed else dots
    got = apply_jvp(Boxed(), variables, (x,), (x,), given, mutable=["state"], update_tangents=True)
    assert_close((got[0], got[2]), (y, updates), 0.0)
    assert_close((got[1], got[3]), (y_dot, updates_dot), 2e-6)
    got = apply_jvp(Boxed(), variables, (x,), None, {"params": {"boxed": None}}, mutable=True, update_tangents=True)
    assert jax.tree.structure(got[3]["state"]) == jax.tree.structure(updates_dot["state"])


def test_errors_of_flax_remain() -> None:
    class Twice(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return x

    @body(Twice)
    def _twice(self: Any, x: Any, x_dot: Any) -> Any:
        from jvpgen.runtime import param

        param(self, "w", nn.initializers.ones, (2,))
        return param(self, "w", nn.initializers.ones, (2,))

    class Wrong(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return x

    @body(Wrong)
    def _wrong(self: Any, x: Any, x_dot: Any) -> Any:
        from jvpgen.runtime import param

        return param(self, "w", nn.initializers.ones, (4,))

    from flax import errors

    variables = {"params": {"w": jnp.ones(2)}}
    with pytest.raises(errors.NameInUseError):
        apply_jvp(Twice(), variables, (X,), None)
    with pytest.raises(errors.ScopeParamShapeError):
        apply_jvp(Wrong(), variables, (X,), None)
    with pytest.raises(errors.ScopeParamNotFoundError):
        apply_jvp(Wrong(), {"params": {"v": jnp.ones(2)}}, (X,), None)


def test_the_front_door_is_light() -> None:
    import subprocess
    import sys

    code = "import sys, jvpgen; assert not {'jax', 'flax', 'numpy', 'libcst'} & set(sys.modules); jvpgen.derive"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert jvpgen.__version__
