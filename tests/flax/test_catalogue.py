"""All of flax.linen that computes is right, and nothing of it goes through `jax.jvp`."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import jvpgen
from docs import write_flax_layers
from jvpgen.runtime import counts
from jvpgen.runtime.function import function_jvp
from tests.flax.catalogue import FUNCTIONS, LAYERS, OTHERS, TRANSFORMS, Lifted, Stack, Use
from tests.runtime.compare import assert_close, check, random_tangents


def _cases(table: Mapping[str, tuple[Use, ...]]) -> list[object]:
    return [pytest.param(use, id=f"{name}-{i}") for name, uses in table.items() for i, use in enumerate(uses)]


def test_the_catalogue_is_whole() -> None:
    public = {
        name
        for name in dir(nn)
        if not name.startswith("_")
        and (inspect.isfunction(getattr(nn, name)) or _is_layer(getattr(nn, name)) or _is_wrapped(getattr(nn, name)))
    }
    assert public - {*LAYERS, *TRANSFORMS, *FUNCTIONS} == OTHERS & public


def test_the_page_lists_all_of_it() -> None:
    rows = re.findall(r"^\| `nn\.(\w+)` \| (.*) \|$", write_flax_layers.PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(name, "explicit") for name in (*LAYERS, *TRANSFORMS, *FUNCTIONS)], (
        "run  python -m docs.write_flax_layers"
    )


def _is_layer(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, nn.Module)


def _is_wrapped(value: object) -> bool:
    return callable(value) and not inspect.isclass(value) and not isinstance(value, types.ModuleType)


@pytest.mark.parametrize("use", _cases(LAYERS))
def test_layers(use: Use) -> None:
    _check(use)


@pytest.mark.parametrize("use", _cases(TRANSFORMS))
def test_transforms(use: Use) -> None:
    for target in (Stack, Lifted, use.target.use):
        jvpgen.transform(target)
    _check(use)


@pytest.mark.parametrize("use", _cases(FUNCTIONS))
def test_functions(use: Use) -> None:
    args_dot = tuple(
        random_tangents(arg, i) if jnp.issubdtype(jnp.result_type(arg), jnp.inexact) and jnp.ndim(arg) else None
        for i, arg in enumerate(use.args)
        if isinstance(arg, jax.Array)
    )
    moving = use.args[: len(args_dot)]
    counts.reset()
    out, out_dot = function_jvp(
        use.target, use.args, (*args_dot, *[None] * (len(use.args) - len(moving))), **use.kwargs
    )
    assert not counts.snapshot().opaque
    wanted, wanted_dot = jax.jvp(lambda *xs: use.target(*xs, *use.args[len(moving) :], **use.kwargs), moving, args_dot)
    assert_close(out, wanted, 1e-6)
    assert_close(out_dot, wanted_dot, 1e-5)


def _check(use: Use) -> None:
    variables = use.target.init({"params": jax.random.key(1), **use.rngs}, *use.args, **use.kwargs)
    counts.reset()
    check(use.target, variables, use.args, mutable=use.mutable, tolerance=2e-5, rngs=use.rngs, **use.kwargs)
    assert not counts.snapshot().opaque, counts.snapshot().places
