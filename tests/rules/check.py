"""The check of a rule against `jax.jvp`: value, tangent, shape and dtype, for every set of tensors that may move."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jvpgen.rules import bind
from jvpgen.runtime.apply_rule import apply_rule
from jvpgen.runtime.zero import Zero, is_zero, zero
from tests.rules.lines import Case

Path = tuple[int | str, ...]  # where an active array stands: an argument, and perhaps a place inside of a list
TOLERANCE = {"float64": 1e-9, "float32": 3e-5, "float16": 1e-2, "bfloat16": 6e-2}


def active_arrays(case: Case) -> list[Path]:
    """Where the arrays stand along which the rule may have a derivative; in constant rules all arrays."""
    bound = bind(case.rule, len(case.args), case.kwargs)
    assert bound is not None, f"the arguments do not fit {case.rule.signature}"
    tensors = set(case.rule.tensors)
    paths: list[Path] = []
    for place, parameter in bound.items():
        if parameter in tensors or case.rule.kind == "constant":
            value = case.args[place] if isinstance(place, int) else case.kwargs[place]
            paths += [(place, *inner) for inner in _arrays_in(value)]
    return paths


def _arrays_in(value: Any) -> Iterator[Path]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from ((index, *inner) for inner in _arrays_in(item))
    elif isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.inexact):
        yield ()


def subsets(paths: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Every non-empty subset; of many arrays, each alone and all together."""
    if len(paths) > 3:
        yield from ((path,) for path in paths)
        yield tuple(paths)
        return
    for count in range(1, len(paths) + 1):
        yield from itertools.combinations(paths, count)


def check(case: Case, active: Sequence[Path], tolerance: float) -> None:
    """Asserts that the rule gives what `jax.jvp` gives along random directions of the active arrays."""
    random = np.random.default_rng(3)
    primals = [_at(case, path) for path in active]
    directions = [_direction(primal, random) for primal in primals]

    def function(*values: Any) -> Any:
        args, kwargs = _with(case.args, case.kwargs, dict(zip(active, values, strict=True)))
        return case.function(*args, **kwargs)

    plain = case.function(*case.args, **case.kwargs)
    if not is_arrays(plain):
        assert pushed(case, active, directions)[0] == plain
        return
    _, expected = jax.jvp(function, primals, directions)
    out, tangent = pushed(case, active, directions)
    assert_same(out, plain)
    assert_tangent(tangent, out, expected, tolerance)


def is_arrays(out: Any) -> bool:
    """Whether a function returned arrays, and not a dtype, a shape or a Python function."""
    return all(isinstance(leaf, jax.Array | np.ndarray | np.generic | int | float) for leaf in jax.tree.leaves(out))


def check_types(case: Case, active: Sequence[Path]) -> None:
    """Asserts that the tangent has the shape and dtype that `jax.jvp` gives it. Nothing is computed: it is traced."""
    primals = [_at(case, path) for path in active]

    def traced(values: Sequence[Any], directions: Sequence[Any]) -> tuple[()]:
        args, kwargs = _with(case.args, case.kwargs, dict(zip(active, values, strict=True)))
        moved = replace(case, args=tuple(args), kwargs=kwargs)
        out, tangent = pushed(moved, active, directions)
        if not is_arrays(out):
            return ()

        def function(*values: Any) -> Any:
            args, kwargs = _with(case.args, case.kwargs, dict(zip(active, values, strict=True)))
            return case.function(*args, **kwargs)

        _assert_types(tangent, jax.jvp(function, values, directions)[1])
        return ()

    jax.eval_shape(traced, primals, primals)


def _assert_types(tangent: Any, expected: Any) -> None:
    if isinstance(expected, list | tuple):
        for parts in zip(tangent, expected, strict=True):
            _assert_types(*parts)
    elif expected is None or isinstance(expected, dict):
        assert is_zero(tangent)
    elif expected.dtype == jax.dtypes.float0:
        assert isinstance(tangent, Zero), f"an integer got a tangent: {tangent}"
    else:
        assert (tangent.shape, tangent.dtype) == (expected.shape, expected.dtype)


def pushed(case: Case, active: Sequence[Path], directions: Sequence[Any]) -> tuple[Any, Any]:
    """The value and tangent by the rule."""
    args_dot, kwargs_dot = _with(
        [zero(argument) if isinstance(argument, list | tuple) else None for argument in case.args],
        {key: zero(value) if isinstance(value, list | tuple) else None for key, value in case.kwargs.items()},
        dict(zip(active, directions, strict=True)),
    )
    return apply_rule(case.rule, case.function, case.args, args_dot, case.kwargs, kwargs_dot)


def _direction(primal: Any, random: np.random.Generator) -> Any:
    values = random.normal(size=primal.shape)
    if jnp.iscomplexobj(primal):
        values = values + 1j * random.normal(size=primal.shape)
    return jnp.asarray(values, primal.dtype)


def _at(case: Case, path: Path) -> Any:
    first, *rest = path
    value = case.args[first] if isinstance(first, int) else case.kwargs[first]
    for index in rest:
        value = value[index]
    return value


def _with(args: Any, kwargs: dict[str, Any], values: dict[Path, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with the values put in their places."""
    new_args, new_kwargs = list(args), dict(kwargs)
    for (first, *rest), value in values.items():
        holder: Any = new_args if isinstance(first, int) else new_kwargs
        holder[first] = _put(holder[first], rest, value)
    return new_args, new_kwargs


def _put(holder: Any, path: Sequence[int | str], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    return type(holder)(_put(item, rest, value) if index == first else item for index, item in enumerate(holder))


# --- Comparisons ------------------------------------------------------------------------------------------------------


def assert_same(out: Any, expected: Any) -> None:
    """The value is the user's, to the bit."""
    leaves, wanted = jax.tree.leaves(out), jax.tree.leaves(expected)
    assert len(leaves) == len(wanted)
    for leaf, want in zip(leaves, wanted, strict=True):
        if not is_arrays(want) or jax.dtypes.issubdtype(jnp.result_type(want), jax.dtypes.prng_key):
            continue
        assert np.array_equal(np.asarray(leaf), np.asarray(want), equal_nan=_is_float(want)), "the value differs"


def assert_tangent(tangent: Any, out: Any, expected: Any, tolerance: float) -> None:
    if isinstance(expected, list | tuple):
        assert isinstance(tangent, list | tuple) and len(tangent) == len(expected)
        for parts in zip(tangent, out, expected, strict=True):
            assert_tangent(*parts, tolerance)
        return
    if expected is None or isinstance(expected, dict):
        assert is_zero(tangent)
        return
    if isinstance(expected, np.ndarray) and expected.dtype == jax.dtypes.float0:
        assert isinstance(tangent, Zero), f"an integer got a tangent: {tangent}"
        return
    if isinstance(tangent, Zero):
        assert tangent.shape == expected.shape and tangent.dtype == expected.dtype
        assert not np.any(np.asarray(expected)), "the tangent is not zero"
        return
    assert isinstance(tangent, jax.Array), f"a tangent of type {type(tangent).__name__}"
    assert tangent.shape == expected.shape, f"shape {tangent.shape}, expected {expected.shape}"
    assert tangent.dtype == expected.dtype, f"dtype {tangent.dtype}, expected {expected.dtype}"
    mine, wanted = (np.asarray(array.astype(_wide(array.dtype))) for array in (tangent, expected))
    scale = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1e-3)
    np.testing.assert_allclose(mine, wanted, rtol=tolerance, atol=tolerance * scale)


def _wide(dtype: Any) -> Any:
    return jnp.promote_types(dtype, jnp.float32)


def _is_float(value: Any) -> bool:
    return isinstance(value, jax.Array) and bool(jnp.issubdtype(value.dtype, jnp.inexact))
