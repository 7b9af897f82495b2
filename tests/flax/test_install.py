"""`derive(install=True)`: JAX's own differentiation of `apply` runs what was generated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import jvpgen
from jvpgen.runtime import counts
from tests.runtime.compare import assert_close, assert_equal, random_tangents


@jvpgen.derive(install=True)
class Net(nn.Module):
    """Keywords that move, state, randomness, results that are no floats."""

    width: int = 4
    gain: Any = 1.0
    activation: Callable[[Any], Any] = jnp.tanh

    @nn.compact
    def __call__(self, x: Any, *, scale: Any = 1.0, train: bool = False) -> Any:
        x = nn.Dense(self.width)(x) * scale * self.gain
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.Dropout(0.5, deterministic=not train)(x)
        return {"y": self.activation(x), "rows": x.shape[0], "order": jnp.arange(3)}

    def width_of(self, x: Any) -> Any:
        return self.width * x


_NET = Net()
_X = jax.random.normal(jax.random.key(0), (5, 3))
_VARIABLES = _NET.init(jax.random.key(1), _X)


@pytest.fixture(autouse=True)
def derived() -> None:
    jvpgen.transform(Net)
    counts.reset()


def _installed(*args: Any, **kwargs: Any) -> Any:
    return _NET.apply(*args, **kwargs)


def _plain(*args: Any, **kwargs: Any) -> Any:
    return nn.Module.apply(_NET, *args, **kwargs)


def _loss(apply: Any, params: Any) -> Any:
    return (apply({**_VARIABLES, "params": params}, _X)["y"] ** 2).sum()


_WAYS = {
    "grad": lambda apply: jax.grad(lambda p: _loss(apply, p))(_VARIABLES["params"]),
    "jacfwd": lambda apply: jax.jacfwd(lambda x: apply(_VARIABLES, x)["y"])(_X),
    "hessian": lambda apply: jax.jit(jax.hessian(lambda x: (apply(_VARIABLES, x)["y"] ** 2).sum()))(_X),
    "vmap": lambda apply: jax.vmap(jax.grad(lambda x: apply(_VARIABLES, x)["y"].sum()))(jnp.stack([_X, 2 * _X])),
    "jvp": lambda apply: jax.jvp(
        lambda v, x, scale: apply(
            v, x, scale=scale, train=True, rngs={"dropout": jax.random.key(3)}, mutable=["batch_stats"]
        )[0]["y"],
        (_VARIABLES, _X, 2.0),
        (random_tangents(_VARIABLES, 1), _X, 1.0),
    ),
}


@pytest.mark.parametrize("way", _WAYS)
def test_the_results_are_those_of_plain_apply(way: str) -> None:
    got = _WAYS[way](_installed)
    assert counts.snapshot().dispatched, "generated code has not run"
    assert_close(got, _WAYS[way](_plain), 1e-5)


def test_without_differentiation_nothing_is_different() -> None:
    assert_equal(_installed(_VARIABLES, _X), _plain(_VARIABLES, _X))
    assert_close(jax.jit(_installed)(_VARIABLES, _X), jax.jit(_plain)(_VARIABLES, _X), 0.0)
    assert not counts.snapshot().dispatched


def test_linearize_leaves_the_primal_behind() -> None:
    """So an iterative solver pays for the primal once."""
    params = _VARIABLES["params"]
    _, linear = jax.linearize(lambda p: _installed({**_VARIABLES, "params": p}, _X)["y"], params)
    assert counts.snapshot().dispatched
    assert "tanh" not in str(jax.make_jaxpr(linear)(params))


def _by_field(gain: Any) -> Any:
    return Net(gain=gain).apply(_VARIABLES, _X)["y"].sum()


def _by_closure(gain: Any) -> Any:
    return Net(activation=lambda x: jnp.tanh(x * gain)).apply(_VARIABLES, _X)["y"].sum()


def _by_method(gain: Any) -> Any:
    return _NET.apply(_VARIABLES, _X, method=lambda self, x: gain * self(x)["y"]).sum()


def _by_captures(gain: Any) -> Any:
    return _NET.apply(_VARIABLES, gain * _X, capture_intermediates=True, mutable=True)[0]["y"].sum()


@pytest.mark.parametrize("function", [_by_field, _by_closure, _by_method, _by_captures])
def test_it_steps_aside_where_it_cannot_see(function: Callable[[Any], Any]) -> None:
    got = jax.grad(function)(1.5)
    assert not counts.snapshot().dispatched
    assert jnp.isclose(got, (function(1.501) - function(1.499)) / 0.002, rtol=0.05)


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = jnp.tanh(nn.Dense(3)(x))
        self.sow("intermediates", "seen", x)
        return x


def _scanned(module: nn.Module, x: Any) -> Any:
    def step(module: nn.Module, x: Any, _: Any) -> Any:
        return Layer(name="layer")(x), None

    axes = {"params": 0, "intermediates": 0}
    return nn.scan(step, variable_axes=axes, split_rngs={"params": True}, length=2)(module, x, None)[0]


def _mapped(module: nn.Module, x: Any) -> Any:
    axes = {"params": 0, "intermediates": 0}
    layer = nn.vmap(Layer, variable_axes=axes, split_rngs={"params": True}, axis_size=2, in_axes=None)
    return layer()(x).sum(0)


@jvpgen.derive(install=True)
class Lifting(nn.Module):
    """A layer under a lifted transform."""

    how: str

    @nn.compact
    def __call__(self, x: Any) -> Any:
        if self.how in ("remat", "jit"):
            return nn.remat(Layer)()(x) if self.how == "remat" else nn.jit(Layer)()(x)
        return _scanned(self, x) if self.how == "scan" else _mapped(self, x)


@pytest.mark.parametrize("captured", [False, True])
@pytest.mark.parametrize("how", ["remat", "jit", "scan", "vmap"])
def test_under_lifted_transforms(how: str, captured: bool) -> None:
    jvpgen.transform(Lifting)
    module = Lifting(how)
    params = module.init(jax.random.key(0), _X)["params"]
    options = {"mutable": ["intermediates"], "capture_intermediates": True} if captured else {}

    def loss(apply: Any, params: Any, x: Any) -> Any:
        out = apply({"params": params}, x, **options)
        return sum((leaf**2).sum() for leaf in jax.tree.leaves(out))

    counts.reset()
    got = jax.grad(lambda *args: loss(module.apply, *args), (0, 1))(params, _X)
    assert bool(counts.snapshot().dispatched) is not captured
    wanted = jax.grad(lambda *args: loss(lambda *a, **k: nn.Module.apply(module, *a, **k), *args), (0, 1))(params, _X)
    assert_close(got, wanted, 1e-5)


def test_without_generated_code_the_command_is_named() -> None:
    @jvpgen.derive(install=True)
    class Alone(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            return nn.Dense(2)(x)

    variables = Alone().init(jax.random.key(0), _X)
    with pytest.raises(jvpgen.NotGenerated, match="python -m jvpgen"):
        jax.grad(lambda x: Alone().apply(variables, x).sum())(_X)


def test_functions_have_no_apply() -> None:
    with pytest.raises(TypeError, match="module classes"):
        jvpgen.derive(install=True)(lambda x: x)
