"""Several directions at once share one primal pass; generated code differentiates again, in every way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from jax import lax

import jvpgen
from tests.runtime.compare import assert_close, random_tangents

X = jax.random.normal(jax.random.key(0), (4, 3))


class Normalised(nn.Module):
    """State, randomness, attention."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        x = nn.Dense(4)(x)
        x = nn.BatchNorm(use_running_average=False)(x)
        x = nn.Dropout(0.5, deterministic=False)(nn.gelu(x))
        return nn.SelfAttention(2)(x[None])


class Looping(nn.Module):
    """Loops, a branch, a recurrent layer."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        w = self.param("w", nn.initializers.normal(1.0), (3,))
        carry, ys = lax.scan(lambda c, row: (jnp.tanh(c * w + row), c), jnp.zeros(3), x)
        y = lax.fori_loop(0, 3, lambda _, y: jnp.sin(y) * w, carry)
        y = lax.while_loop(lambda y: jnp.sum(y) > 100, lambda y: y / 2, y)
        y = lax.cond(jnp.sum(x) > 0, lambda y: y * w, lambda y: y + w, y)
        return nn.RNN(nn.GRUCell(3))(x[None]) + y + ys.mean(0)


jvpgen.transform(Normalised)
jvpgen.transform(Looping)


@pytest.mark.parametrize("module", [Normalised(), Looping()], ids=lambda module: type(module).__name__)
def test_the_primal_is_not_batched(module: nn.Module) -> None:
    """`out_axes=None` raises where a result has a batch axis."""
    rngs = {"params": jax.random.key(1), "dropout": jax.random.key(2)}
    variables = module.init(rngs, X)
    tangents = [random_tangents((variables, X), seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *parts: jnp.stack(parts), *tangents)

    def along(directions: Any) -> Any:
        variable_tangents, x_dot = directions
        options = {"rngs": rngs, "mutable": ["batch_stats"]}
        return jvpgen.apply_jvp(module, variables, (X,), (x_dot,), variable_tangents, **options)

    y, y_dots, updates = jax.vmap(along, out_axes=(None, 0, None))(stacked)
    for i, direction in enumerate(tangents):
        assert_close((y, y_dots[i], updates), along(direction), 1e-5)


# --- Second order -----------------------------------------------------------------------------------------------------


class Field(nn.Module):
    """u(x), a number: what a physics-informed network fits."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        for width in (8, 8):
            x = jnp.tanh(nn.Dense(width)(x))
        return nn.Dense(1)(x)[..., 0]


FIELD = Field()
POINT = jnp.array([0.3])
WEIGHTS = FIELD.init(jax.random.key(3), POINT)
field_jvp = jvpgen.transform(Field)


def u_xx(u_x: Callable[[Any], Any], x: Any) -> Any:
    return jax.jvp(u_x, (x,), (jnp.ones_like(x),))[1]


def derived_u_xx(weights: Any, x: Any) -> Any:
    return u_xx(lambda x: field_jvp(FIELD, weights, x, x_dot=jnp.ones_like(x))[1], x)


def plain_u_xx(weights: Any, x: Any) -> Any:
    return jax.hessian(lambda x: FIELD.apply(weights, x))(x)[0, 0]


def test_second_derivatives_of_a_field() -> None:
    assert_close(derived_u_xx(WEIGHTS, POINT), plain_u_xx(WEIGHTS, POINT), 1e-5)
    points = jnp.linspace(-1, 1, 5)[:, None]
    loss = lambda second, weights: (jax.vmap(partial(second, weights))(points) ** 2).sum()  # noqa: E731
    wanted = jax.grad(partial(loss, plain_u_xx))(WEIGHTS)
    assert_close(jax.jit(jax.grad(partial(loss, derived_u_xx)))(WEIGHTS), wanted, 1e-4)


@pytest.mark.parametrize("module", [Normalised(), Looping()], ids=lambda module: type(module).__name__)
def test_generated_code_under_jvp_and_grad(module: nn.Module) -> None:
    rngs = {"params": jax.random.key(1), "dropout": jax.random.key(2)}
    variables = module.init(rngs, X)
    along, x_dot = random_tangents((variables, X), 5)

    def derived(variables: Any, x: Any) -> Any:
        options = {"rngs": rngs, "mutable": ["batch_stats"]}
        return jvpgen.apply_jvp(module, variables, (x,), (x_dot,), along, **options)[1]

    def plain(variables: Any, x: Any) -> Any:
        def apply(variables: Any, x: Any) -> Any:
            return module.apply(variables, x, rngs=rngs, mutable=["batch_stats"])[0]

        return jax.jvp(apply, (variables, x), (along, x_dot))[1]

    again = random_tangents((variables, X), 6)
    assert_close(jax.jvp(derived, (variables, X), again), jax.jvp(plain, (variables, X), again), 1e-4)
    if not isinstance(module, Looping):  # a while_loop has no reverse derivative
        grads = (jax.grad(lambda *args, f=f: f(*args).sum(), (0, 1))(variables, X) for f in (derived, plain))
        assert_close(*grads, 1e-4)
