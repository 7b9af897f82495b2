"""What has no derivative of its own: right under `jax.jvp`, or refused; never a tangent that goes missing."""

from __future__ import annotations

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from jvpgen import apply_jvp
from jvpgen.runtime import Pair, Zero, body, counts, param, pushforward
from jvpgen.runtime.errors import LostTangent
from tests.runtime.compare import check, random_tangents

X = jax.random.normal(jax.random.key(1), (4, 3))


def derive_by_pushforward(kind: Any) -> Any:
    """A module whose derivative passes everything to `pushforward` of its method `inner`."""

    @body(kind)
    def derivative(self: Any, x: Any, x_dot: Any) -> Any:
        return pushforward(self.inner, (x,), (x_dot,))

    return kind


class Shell(nn.Module):
    """`__call__` has a derivative, `inner` of the subclasses has none."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        return self.inner(x)

    def inner(self, x: Any) -> Any:
        raise NotImplementedError


@body(Shell)
def _shell(self: Any, x: Any, x_dot: Any) -> Any:
    return pushforward(self.inner, (x,), (x_dot,))


def variables_of(module: Any, *args: Any) -> Any:
    made = module.init({"params": jax.random.key(0), "dropout": jax.random.key(1)}, *args)
    return jax.tree.map(lambda v: v + 0.1 if jnp.issubdtype(v.dtype, jnp.inexact) else v, made)


def agrees(module: Any, **kwargs: Any) -> None:
    check(module, variables_of(module, X), (X,), tolerance=5e-6, **kwargs)


class Scanned(Shell):
    def inner(self, x: Any) -> Any:
        class Layer(nn.Module):
            @nn.compact
            def __call__(self, carry: Any, _: Any) -> Any:
                return jnp.tanh(nn.Dense(3)(carry)), carry.sum()

        scan = nn.scan(Layer, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return scan()(x, None)


class Looped(Shell):
    def inner(self, x: Any) -> Any:
        dense = nn.Dense(3)
        if self.is_initializing():
            return dense(x)
        step = lambda mdl, c: (c[0] + 1, jnp.tanh(mdl(c[1])))  # noqa: E731
        return nn.while_loop(lambda mdl, c: c[0] < 3, step, dense, (0, x))[1]


class Sorted(Shell):
    def inner(self, x: Any) -> Any:
        return {"y": jnp.sort(x * self.param("w", nn.initializers.ones, (3,))), "n": jnp.argsort(x), "static": "s"}


class Random(Shell):
    def inner(self, x: Any) -> Any:
        noise = jax.random.normal(self.make_rng("dropout"), x.shape)
        return nn.Dropout(0.5, deterministic=False)(nn.Dense(3)(x) * noise)


class Nested(Shell):
    """A derivative inside an opaque region inside a derivative."""

    def inner(self, x: Any) -> Any:
        return Sorted(name="sorted")(x)["y"] * nn.Dense(3)(x)


@pytest.mark.parametrize("kind", [Scanned, Looped, Sorted, Nested])
def test_methods_without_derivatives(kind: Any) -> None:
    module = kind()
    variables = variables_of(module, X)
    dots = random_tangents(variables, 1)
    wanted = jax.jvp(lambda v, x: jax.tree.leaves(module.apply(v, x))[0], (variables, X), (dots, X))
    got = apply_jvp(module, variables, (X,), (X,), dots)
    first = lambda tree: next(leaf for leaf in jax.tree.leaves(tree) if leaf.dtype != jax.dtypes.float0)  # noqa: E731
    wanted_y = jax.tree.leaves(module.apply(variables, X))[0]
    assert (jax.tree.leaves(got[0])[0] == wanted_y).all()
    if kind is Sorted:
        assert got[1]["n"].dtype == got[1]["static"].dtype == jax.dtypes.float0
        got = (got[0], {"y": got[1]["y"]})
        wanted = jax.jvp(lambda v, x: module.apply(v, x)["y"], (variables, X), (dots, X))
    assert jnp.allclose(first(got[1]), wanted[1], atol=1e-5)
    assert counts.snapshot().opaque >= 1


def test_randomness_is_that_of_the_plain_call() -> None:
    agrees(Random(), rngs={"dropout": jax.random.key(5)})


class Updating(Shell):
    def inner(self, x: Any) -> Any:
        a = self.variable("state", "a", jnp.zeros, (3,))
        n = self.variable("state", "n", lambda: jnp.zeros((), jnp.int32))
        kept = self.variable("state", "kept", jnp.ones, (3,))
        a.value = a.value + x.sum(0)
        n.value = n.value + 1
        self.sow("seen", "x", x)
        return x * a.value * kept.value


class UpdatedTwice(nn.Module):
    """What the opaque call stored is read by the derivative around it, and the other way round."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        updating = Updating(name="u")
        first = updating(x)
        return updating(first) + first


@body(UpdatedTwice)
def _updated_twice(self: Any, x: Any, x_dot: Any) -> Any:
    updating = Updating(name="u")
    first, first_dot = pushforward(updating, (x,), (x_dot,))
    second, second_dot = pushforward(updating, (first,), (first_dot,))
    return second + first, second_dot + first_dot


def test_tangents_of_updates_come_back() -> None:
    module = UpdatedTwice()
    variables = {"state": module.init(jax.random.key(0), X)["state"]}
    check(module, variables, (X,), mutable=["state", "seen"], tolerance=5e-6)
    check(module, variables, (X,), mutable=["state"], tolerance=5e-6)
    check(module, {}, (X,), mutable=True, tolerance=5e-6)


def test_what_stays_still_stays_zero() -> None:
    """An untouched variable without a tangent gets none from an opaque call."""
    module = UpdatedTwice()
    variables = {"state": module.init(jax.random.key(0), X)["state"]}
    text = str(
        jax.make_jaxpr(
            lambda v: apply_jvp(module, v, (X,), (X,), None, mutable=["state"], update_tangents=True)[3]["state"]["u"][
                "kept"
            ]
        )(variables)
    )
    assert "mul" not in text.split("in (")[-1]


class Shared(nn.Module):
    """A bound module in a field of another that has no derivative."""

    inner: Any

    @nn.compact
    def __call__(self, x: Any) -> Any:
        return jnp.sort(self.inner(x)) * self.param("s", nn.initializers.ones, ())


class Sharing(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        dense = nn.Dense(3)
        return dense(x) + Shared(dense)(x) + helper(x, dense, [jnp.sin, dense])


def helper(x: Any, module: Any, functions: Any) -> Any:
    for f in functions:
        x = f(x)
    return module(x) * module.variables["params"]["bias"]


@body(Sharing)
def _sharing(self: Any, x: Any, x_dot: Any) -> Any:
    dense = nn.Dense(3)
    a, a_dot = pushforward(dense, (x,), (x_dot,))
    b, b_dot = pushforward(Shared(dense), (x,), (x_dot,))
    c, c_dot = pushforward(helper, (x, dense, [jnp.sin, dense]), (x_dot, None, None))
    return a + b + c, a_dot + b_dot + c_dot


def test_modules_in_fields_and_arguments() -> None:
    agrees(Sharing())


def apply_all(functions: Any, x: Any) -> Any:
    for f in functions:
        x = f(x)
    return x


class Closures(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        w = self.param("w", nn.initializers.ones, (3,))

        def f(y: Any) -> Any:
            return jnp.sin(y) * w

        return apply_all([f, functools.partial(jnp.multiply, w), jax.jit(f), lambda y: f(f(y))], x)


@body(Closures)
def _closures(self: Any, x: Any, x_dot: Any) -> Any:
    w, w_dot = param(self, "w", nn.initializers.ones, (3,))

    def f(y: Any) -> Any:
        return jnp.sin(y) * w

    @body(f)
    def f_jvp(y: Any, y_dot: Any) -> Any:
        return jnp.sin(y) * w, jnp.cos(y) * y_dot * w + jnp.sin(y) * w_dot

    def g(y: Any) -> Any:
        return f(f(y))

    @body(g)
    def g_jvp(y: Any, y_dot: Any) -> Any:
        return pushforward(f, *((out,) for out in pushforward(f, (y,), (y_dot,))))

    multiplied, _ = pushforward(functools.partial, (jnp.multiply, w), (None, w_dot))
    return pushforward(apply_all, ([f, multiplied, jax.jit(f), g], x), (None, x_dot))


def test_functions_take_their_captured_tangents_along() -> None:
    agrees(Closures())


class Hidden(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        return x


@body(Hidden)
def _hidden(self: Any, x: Any, x_dot: Any) -> Any:
    w, _ = param(self, "w", nn.initializers.ones, (3,))
    return pushforward(apply_all, ([lambda y: jnp.sin(y) * w], x), (None, x_dot))


def test_a_captured_array_that_moves_is_refused() -> None:
    variables = {"params": {"w": jnp.ones(3)}}
    assert apply_jvp(Hidden(), variables, (X,), (X,), None)[1].shape == X.shape
    with pytest.raises(LostTangent, match="captures 'w'"):
        apply_jvp(Hidden(), variables, (X,), (X,), variables)


class FieldOf(nn.Module):
    by: Any
    function: Any = None

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = jnp.sort(x * self.by)
        return x if self.function is None else self.function(x)


class Fields(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        w = self.param("w", nn.initializers.ones, (3,))
        return FieldOf(by=w, function=lambda y: y * w)(x)


@body(Fields)
def _fields(self: Any, x: Any, x_dot: Any) -> Any:
    w, w_dot = param(self, "w", nn.initializers.ones, (3,))

    def function(y: Any) -> Any:
        return y * w

    @body(function)
    def function_jvp(y: Any, y_dot: Any) -> Any:
        return y * w, y_dot * w + y * w_dot

    module, _ = pushforward(FieldOf, (), (), by=Pair(w, w_dot), function=function)
    return pushforward(module, (x,), (x_dot,))


def test_active_fields_of_a_module_without_derivative() -> None:
    agrees(Fields())


class FieldUnderTransform(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        return nn.remat(FieldOf)(by=self.param("w", nn.initializers.ones, (3,)))(x)


@body(FieldUnderTransform)
def _field_under_transform(self: Any, x: Any, x_dot: Any) -> Any:
    w, w_dot = param(self, "w", nn.initializers.ones, (3,))
    module, _ = pushforward(nn.remat(FieldOf), (), (), by=Pair(w, w_dot))
    return pushforward(module, (x,), (x_dot,))


def test_active_fields_under_a_transform_that_clones() -> None:
    agrees(FieldUnderTransform())


def test_plain_functions() -> None:
    def f(x: Any, label: str, w: Any) -> Any:
        return {"y": jnp.sort(x) * w, "label": label, "n": jnp.argmax(x)}

    out, out_dot = pushforward(f, (X, "a", 2.0), (X, None, None))
    assert out["label"] == "a" and isinstance(out_dot["n"], Zero)
    assert (out_dot["y"] == jnp.sort(X) * 2.0).all()
    assert counts.snapshot().opaque == 1
    assert isinstance(pushforward(f, (X, "a", 2.0), (None, None, None))[1]["y"], Zero)
    assert counts.snapshot().opaque == 1


def test_user_s_custom_jvp_is_kept() -> None:
    @jax.custom_jvp
    def f(x: Any) -> Any:
        return x

    f.defjvp(lambda primals, tangents: (primals[0], tangents[0] * 7.0))
    assert (pushforward(f, (X,), (X,))[1] == X * 7.0).all()


def test_opaque_calls_go_through_jax_jvp(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> Any:
        raise AssertionError("jax.jvp was called")

    monkeypatch.setattr(jax, "jvp", refuse)
    with pytest.raises(AssertionError, match=r"jax\.jvp was called"):
        pushforward(lambda x: jnp.sort(x), (X,), (X,))
    module = Sorted()
    variables = variables_of(module, X)
    with pytest.raises(AssertionError, match=r"jax\.jvp was called"):
        apply_jvp(module, variables, (X,), (X,))


def test_scope_functions() -> None:
    from flax.core import apply, init

    from jvpgen.runtime.interceptor import intercepted

    def dense(scope: Any, x: Any) -> Any:
        return x @ scope.param("kernel", nn.initializers.normal(), (3, 2))

    @body(dense)
    def dense_jvp(scope: Any, x: Any, x_dot: Any) -> Any:
        kernel, kernel_dot = pushforward(scope.param, ("kernel", nn.initializers.normal(), (3, 2)), (None, None, None))
        return x @ kernel, x_dot @ kernel + x @ kernel_dot

    def model(scope: Any, x: Any) -> Any:
        return scope.child(dense, "first")(x) + scope.child(dense)(x)

    def model_jvp(scope: Any, x: Any, x_dot: Any) -> Any:
        first, _ = pushforward(scope.child, (dense, "first"), (None, None))
        second, _ = pushforward(scope.child, (dense,), (None,))
        a, a_dot = pushforward(first, (x,), (x_dot,))
        b, b_dot = pushforward(second, (x,), (x_dot,))
        return a + b, a_dot + b_dot

    _, variables = init(model)(jax.random.key(0), X)
    wanted = jax.jvp(lambda v: apply(model)(v, X), (variables,), (variables,))
    with intercepted():
        got = apply(model_jvp)({**variables, "params_dot": variables["params"]}, X, Zero(X))
    assert (got[0] == wanted[0]).all()
    assert jnp.allclose(got[1], wanted[1], atol=1e-6)
