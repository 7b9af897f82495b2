"""Order of evaluation inside one statement: whatever has effects, generated code does what its source does."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jvpgen.cli.main import main
from jvpgen.runtime.function import function_jvp
from jvpgen.runtime.siblings import forget_siblings
from tests.forward.effects_program import STATEMENTS, functions

X, Y = jax.numpy.array([[0.3, -1.2], [0.7, 0.4]])
X_DOT, Y_DOT = jax.numpy.array([[1.1, -0.6], [0.2, 0.9]])

CASES = [
    "z = stack[0] * stack.pop(0) + stack[0]",
    'z = table["a"] * change(table, y) + table["a"]',
    "w = [x := x * y, x * 2, x + (x := x + 1.0) * x]",
    "z = x * (x := y)",
    "stack[n], n = x * y, 1",
    "n, stack[n] = 1, x",
    "stack[tick()] += x * bump(count)",
    'table["a"] += change(table, x)',
    "stack.append(stack[-1] * x)",
    "stack[len(stack) - 1] = stack.pop() * stack[tick()]",
    "z = stack.pop(len(stack) - 1)",
    "w = [item * tick() for item in stack if tick() == 0]",
    "other += [other[0] * y]",
    'rows["r"][(n + n) % 2], x = grow(stack, rows["r"][0]), sum([z * item for item in other[:]])',
]


@pytest.mark.parametrize("statement", CASES)
def test_known_statement(statement: str) -> None:
    check([statement])


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STATEMENTS, min_size=25, max_size=25, unique=True))
def test_any_statement(statements: list[str]) -> None:
    check(statements)


def check(statements: Sequence[str]) -> None:
    """Each statement, unless it raises, has the values of the source, bit by bit, and the tangents of `jax.jvp`."""
    with compiled(functions(statements)) as module:
        for number, statement in enumerate(statements):
            check_function(getattr(module, f"program_{number}"), statement)


def check_function(function: Callable[..., Any], statement: str) -> None:
    try:
        expected, expected_dot = jax.jvp(function, (X, Y), (X_DOT, Y_DOT))
    except (IndexError, KeyError, TypeError, ValueError):
        return
    out, out_dot = function_jvp(function, (X, Y), (X_DOT, Y_DOT))
    assert jax.tree.structure(out) == jax.tree.structure(expected), statement
    for got, wanted in zip(jax.tree.leaves(out), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(got, wanted, statement)
    for got, wanted in zip(jax.tree.leaves(out_dot), jax.tree.leaves(expected_dot), strict=True):
        if wanted.dtype != jax.dtypes.float0:
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4, err_msg=statement)


@contextmanager
def compiled(text: str) -> Iterator[Any]:
    """The module of a file whose derivative has been written beside it."""
    name = "program_with_effects"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{name}.py").write_text(text)
        assert main(["--quiet", folder]) == 0, text
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        forget_siblings()
        try:
            yield importlib.import_module(name)
        finally:
            sys.path.remove(folder)
            for known in (name, f"{name}_jvp"):
                sys.modules.pop(known, None)
