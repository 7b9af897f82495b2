"""Generated-style bodies against `jax.jvp` over `Module.apply`: primals equal, tangents close, for every activity."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from jvpgen import apply_jvp
from jvpgen.runtime import Pair, counts
from tests.runtime import models
from tests.runtime.compare import assert_close, check, random_tangents

KEY = jax.random.key(0)
RNGS = {"dropout": jax.random.key(7)}


def made(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    """Variables with random values in every collection."""
    variables = module.init({"params": KEY, "dropout": KEY}, *args, **kwargs)
    moved = jax.tree.map(
        lambda v: (
            v + jnp.asarray(0.3 * jax.random.normal(KEY, jnp.shape(v)), v.dtype)
            if jnp.issubdtype(v.dtype, jnp.inexact)
            else v
        ),
        variables,
    )
    return {name: tree for name, tree in moved.items() if name not in ("intermediates", "perturbations")}


def x(*shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(3), shape)


def test_mlp() -> None:
    check(models.MLP(), made(models.MLP(), x(3, 5)), (x(3, 5),))
    assert counts.snapshot().opaque == 0


def test_mlp_in_float64() -> None:
    with jax.enable_x64(True):
        inputs = jnp.asarray(x(3, 5), jnp.float64)
        variables = jax.tree.map(lambda v: jnp.asarray(v, jnp.float64), made(models.MLP(), inputs))
        check(models.MLP(), variables, (inputs,), tolerance=1e-14)


@pytest.mark.parametrize("train", [True, False])
def test_state_dropout_and_sow(train: bool) -> None:
    module = models.Classifier()
    variables = made(module, x(6, 5), train=True)
    mutable = ["batch_stats", "intermediates"] if train else ["intermediates"]
    check(module, variables, (x(6, 5),), mutable=mutable, rngs=RNGS, train=train, tolerance=5e-6)
    assert counts.snapshot().opaque == 0


def test_without_mutable_nothing_is_sown() -> None:
    module = models.Classifier()
    check(module, made(module, x(6, 5), train=True), (x(6, 5),), rngs=RNGS, train=False)


def test_setup_with_a_list_and_a_moving_attribute() -> None:
    check(models.Blocks(), made(models.Blocks(), x(3, 4)), (x(3, 4),))
    assert counts.snapshot().opaque == 0


@pytest.mark.parametrize("method", ["encode", models.Blocks.encode])
def test_other_methods(method: Any) -> None:
    variables = made(models.Blocks(), x(3, 4))
    check(models.Blocks(), variables, (x(3, 4),), method=method)


@pytest.mark.parametrize("kind", [models.Base, models.Derived])
def test_inheritance_and_super(kind: Any) -> None:
    check(kind(), made(kind(), x(3, 4)), (x(3, 4),))
    assert counts.snapshot().opaque == 0


def test_helpers_star_arguments_and_closures() -> None:
    module = models.WithHelper()
    variables = made(module, x(3, 4))
    check(module, variables, (x(3, 4), x(3, 4) + 1.0, x(1, 4)))
    assert counts.snapshot().opaque == 0


def test_active_keyword_arguments() -> None:
    module, inputs, mask, mask_dot = models.WithHelper(), x(3, 4), x(3, 4) ** 2, x(3, 4) * 2
    variables = made(module, inputs)
    wanted = jax.jvp(lambda m: module.apply(variables, inputs, mask=m), (mask,), (mask_dot,))
    got = apply_jvp(module, variables, (inputs,), None, mask=Pair(mask, mask_dot))
    assert_close(got, wanted, 2e-6)
    still = apply_jvp(module, variables, (inputs,), None, mask=mask)
    assert_close(still[1], jnp.zeros_like(wanted[1]), 0.0)


def test_variables_read_and_stored() -> None:
    module = models.Counter()
    check(module, made(module, x(3, 1)), (x(3, 1),), mutable=["state"])
    assert counts.snapshot().opaque == 0


def test_a_missing_variable_is_initialised() -> None:
    module = models.Counter()
    variables = {"params": made(module, x(3, 1))["params"]}
    check(module, variables, (x(3, 1),), mutable=True)


@pytest.mark.parametrize("mutable", [False, ["state"]])
def test_modules_without_derivatives(mutable: Any) -> None:
    module = models.Mixed()
    variables = made(module, x(4, 3))
    check(module, variables, (x(4, 3),), mutable=mutable, rngs=RNGS, tolerance=5e-6)
    assert counts.snapshot().opaque > 0


def test_opaque_functions_with_modules_and_closures() -> None:
    module = models.Opaque()
    check(module, made(module, x(4)), (x(4),), tolerance=5e-6)


def test_structures_and_active_fields() -> None:
    module = models.Structured()
    inputs = {"x": x(3), "n": jnp.arange(3)}
    variables = made(module, inputs)
    check(module, variables, (inputs,))
    check(module, variables, (inputs,), active=("params",), more=x(3))


def test_active_dict_of_keyword_arguments() -> None:
    module, inputs = models.Structured(), {"x": x(3), "n": jnp.arange(3)}
    variables = made(module, inputs)
    more, more_dot = x(3) * 2, x(3) * 5
    wanted = jax.jvp(lambda m: module.apply(variables, inputs, more=m), (more,), (more_dot,))
    assert_close(apply_jvp(module, variables, (inputs,), None, more=Pair(more, more_dot)), wanted, 2e-6)


def test_flax_transforms() -> None:
    check(models.Lifted(), made(models.Lifted(), x(3, 5)), (x(3, 5),))


def test_perturb() -> None:
    module = models.Perturbed()
    variables = {"perturbations": {"inner": x(3)}}
    check(module, variables, (x(3),))
    check(module, {}, (x(3),))
    check(module, {}, (x(3),), mutable=["perturbations"])


def test_captured_intermediates_hold_primals() -> None:
    module, inputs = models.MLP(), x(3, 5)
    variables = made(module, inputs)
    _, wanted = module.apply(variables, inputs, capture_intermediates=True)
    dots = random_tangents(variables, 1)
    _, _, updates, updates_dot = apply_jvp(
        module, variables, (inputs,), None, dots, capture_intermediates=True, update_tangents=True
    )
    assert_close(updates, wanted, 0.0)
    _, (_, wanted_dot) = jax.jvp(lambda v: module.apply(v, inputs, capture_intermediates=True), (variables,), (dots,))
    assert_close(updates_dot, wanted_dot, 2e-6)


def test_user_collections_that_look_like_shadows() -> None:
    module = models.Counter()
    variables = made(module, x(3, 1))
    check(module, {**variables, "state_dot": {"other": x(2)}}, (x(3, 1),), mutable=["state"])


def test_partial_trees_cost_and_mean_nothing_elsewhere() -> None:
    module, inputs = models.MLP(), x(3, 5)
    variables = made(module, inputs)
    kernel = jnp.ones_like(variables["params"]["Dense_1"]["kernel"])
    some = {"params": {"Dense_1": {"kernel": kernel, "bias": None}, "Dense_0": {}}}
    full = jax.tree.map(jnp.zeros_like, variables)
    full["params"]["Dense_1"]["kernel"] = kernel
    wanted = jax.jvp(lambda v: module.apply(v, inputs), (variables,), (full,))
    assert_close(apply_jvp(module, variables, (inputs,), (None,), some), wanted, 2e-6)
    text = str(jax.make_jaxpr(lambda v: apply_jvp(module, v, (inputs,), None, some))(variables))
    assert text.count("dot_general") == 3


def test_under_jax_transforms() -> None:
    module, inputs = models.MLP(), x(3, 5)
    variables = made(module, inputs)
    dots = random_tangents(variables, 1)
    f = lambda v, a: apply_jvp(module, v, (a,), (a,), dots)[1].sum()  # noqa: E731
    g = lambda v, a: jax.jvp(lambda v, a: module.apply(v, a), (v, a), (dots, a))[1].sum()  # noqa: E731
    assert_close(jax.grad(f)(variables, inputs), jax.grad(g)(variables, inputs), 5e-6)
    assert_close(jax.vmap(f, (None, 0))(variables, inputs[None]), jax.vmap(g, (None, 0))(variables, inputs[None]), 5e-6)


def test_methods_that_flax_does_not_handle() -> None:
    check(models.Helpers(), made(models.Helpers(), x(3, 4)), (x(3, 4),), tolerance=5e-6)


def test_derivatives_of_setup_inside_an_opaque_region() -> None:
    check(models.Wrapped(), made(models.Wrapped(), x(3, 4)), (x(3, 4),), tolerance=5e-6)


def test_a_submodule_by_name() -> None:
    module, inputs = models.Holder(models.MLP()), x(3, 4)
    variables = {"params": {"inner": made(models.MLP(), inputs)["params"]}}
    dots = random_tangents(variables, 1)
    wanted = jax.jvp(lambda v: module.apply(v, inputs, method="inner"), (variables,), (dots,))
    assert_close(apply_jvp(module, variables, (inputs,), None, dots, method="inner"), wanted, 2e-6)
    with pytest.raises(AttributeError, match="absent"):
        apply_jvp(module, variables, (inputs,), None, dots, method="absent")


@pytest.mark.parametrize("mutable", [True, "state", ["state"], nn.DenyList(["params"]), ("state", "other"), []])
def test_mutability_filters(mutable: Any) -> None:
    module = models.Counter()
    if mutable == []:
        with pytest.raises(Exception, match="immutable"):
            apply_jvp(module, made(module, x(3, 1)), (x(3, 1),), None, mutable=mutable)
        return
    check(module, made(module, x(3, 1)), (x(3, 1),), mutable=mutable, active=("params", "state", 0))


def test_two_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    module, inputs = models.Classifier(), x(6, 5)
    variables = made(module, inputs, train=True)
    dots = random_tangents(variables, 1)
    run = lambda _: apply_jvp(module, variables, (inputs,), (inputs,), dots, train=False)[1]  # noqa: E731
    with ThreadPoolExecutor(2) as pool:
        first, *others = pool.map(run, range(4))
    for other in others:
        assert_close(other, first, 0.0)


def test_half_precision() -> None:
    module = models.MLP()
    half = jax.tree.map(lambda v: v.astype(jnp.bfloat16), made(module, x(3, 5)))
    check(module, half, (x(3, 5).astype(jnp.bfloat16),), tolerance=0.05)


def test_calls_that_move_by_variables_alone() -> None:
    ids = jnp.array([0, 3])
    check(models.NoArguments(), made(models.NoArguments()), ())
    check(models.Switches(), made(models.Switches(), ids[:1]), (ids[:1],))
    assert counts.snapshot().opaque == 0
