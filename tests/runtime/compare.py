"""The reference: `jax.jvp` over `Module.apply`, and the comparison with it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jvpgen import apply_jvp


def random_tangents(tree: Any, seed: int) -> Any:
    """Random tangents with the structure of a tree; float0 for integers."""
    leaves, structure = jax.tree.flatten(tree)
    random = np.random.default_rng(seed)

    def tangent(leaf: Any) -> Any:
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.inexact):
            return np.zeros(jnp.shape(leaf), jax.dtypes.float0)
        return jnp.asarray(random.normal(size=jnp.shape(leaf)), jnp.result_type(leaf))

    return structure.unflatten([tangent(leaf) for leaf in leaves])


def still(tree: Any) -> Any:
    """Zeros with the structure of a tree."""
    return jax.tree.map(lambda t: t if t.dtype == jax.dtypes.float0 else jnp.zeros_like(t), random_tangents(tree, 0))


def subsets(names: list[Any]) -> Iterator[tuple[Any, ...]]:
    for size in range(len(names) + 1):
        yield from itertools.combinations(names, size)


def assert_close(got: Any, wanted: Any, tolerance: float) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        assert jnp.shape(a) == jnp.shape(b)
        assert _dtype(a) == _dtype(b)
        if _dtype(b) == jax.dtypes.float0:
            continue
        scale = max(1.0, float(jnp.max(jnp.abs(b), initial=0.0)))
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=tolerance * scale, rtol=0)


def _dtype(leaf: Any) -> Any:
    return getattr(leaf, "dtype", type(leaf))  # a program may return Python numbers


def assert_equal(got: Any, wanted: Any) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def check(
    module: Any,
    variables: Any,
    args: tuple[Any, ...],
    *,
    mutable: Any = False,
    tolerance: float = 2e-6,
    active: tuple[Any, ...] | None = None,
    **kwargs: Any,
) -> None:
    """`apply_jvp` against `jax.jvp`, for every mix of active collections and arguments."""
    names = [*variables, *range(len(args))]
    variable_tangents, tangents = random_tangents(variables, 1), random_tangents(args, 2)
    for chosen in [active] if active is not None else subsets(names):
        jit = len(chosen) == len(names)
        _check_one(module, variables, args, variable_tangents, tangents, chosen, mutable, tolerance, jit, kwargs)


def _check_one(
    module: Any,
    variables: Any,
    args: tuple[Any, ...],
    variable_tangents: Any,
    tangents: Any,
    chosen: tuple[Any, ...],
    mutable: Any,
    tolerance: float,
    jit: bool,
    kwargs: Any,
) -> None:
    def primal(v: Any, a: tuple[Any, ...]) -> Any:
        return module.apply(v, *a, mutable=mutable, **kwargs)

    some_variables = {name: t for name, t in variable_tangents.items() if name in chosen}
    all_variables = {name: some_variables.get(name, still(tree)) for name, tree in variables.items()}
    some_args = tuple(t if i in chosen else None for i, t in enumerate(tangents))
    all_args = tuple(still(a) if t is None else t for a, t in zip(args, some_args, strict=True))
    wanted, wanted_dot = jax.jvp(primal, (variables, args), (all_variables, all_args))
    plain = primal(variables, args)

    def derivative(v: Any, a: tuple[Any, ...], v_dot: Any, a_dot: Any) -> Any:
        return apply_jvp(module, v, a, a_dot, v_dot, mutable=mutable, update_tangents=mutable is not False, **kwargs)

    got = derivative(variables, args, some_variables, some_args)
    if mutable is False:
        assert_equal(got[0], plain)
        assert_close(got[1], wanted_dot, tolerance)
    else:
        assert_equal((got[0], got[2]), plain)
        assert_close((got[1], got[3]), wanted_dot, tolerance)
    if jit:
        jitted = jax.jit(lambda v, a: derivative(v, a, some_variables, some_args))(variables, args)
        wanted_jit = (wanted, wanted_dot) if mutable is False else (wanted[0], wanted_dot[0], wanted[1], wanted_dot[1])
        assert_close(jax.tree.leaves(jitted), jax.tree.leaves(wanted_jit), 10 * tolerance)
