"""Runs the text of a program: what it computes against `jax.jvp` over `Module.apply`, for what it says that moves."""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np

from jvpgen.cli.main import main
from jvpgen.runtime import counts
from jvpgen.runtime.siblings import forget_siblings
from tests.golden.examples import Example, examples_of
from tests.golden.execution import Inputs, derived, inputs_of, reference_of, without_float0
from tests.runtime.compare import assert_close

TOLERANCES = {"float32": 2e-3, "float64": 1e-8, "bfloat16": 0.2}
_LARGEST = 1e6
_NAME = "random_program"


class Rejected(Exception):
    """Flax or JAX refuse the program, or its numbers are too large to compare."""


def check(text: str) -> int:
    """Raises where generated code does not do what `jax.jvp` does; the number of calls that were opaque.

    Values, tangents, updates and their tangents are compared in structure, shape, dtype and number.
    """
    dtype = next(name for name in TOLERANCES if f"D = jnp.{name}\n" in text)
    with jax.enable_x64(dtype == "float64"), _imported(text) as source:
        example, moving = examples_of(source)[0], source.MOVING
        inputs, wanted, plain = _expected(example, moving)
        with _compiled(source):
            counts.reset()
            tangents = _moving(inputs[1], moving)
            (out, updates), (out_dot, updates_dot) = derived(example, inputs[0], tangents, None)
            opaque = counts.snapshot().opaque
    tolerance = TOLERANCES[dtype]
    assert_close((out, updates), plain, tolerance)
    assert_close(jax.tree.map(without_float0, (out_dot, updates_dot)), wanted, tolerance)
    return opaque


def _expected(example: Example, moving: tuple[str, ...]) -> tuple[tuple[Inputs, Inputs], Any, Any]:
    try:
        inputs, tangents = inputs_of(example)
        some = _moving(tangents, moving)
        plain, wanted_dot = reference_of(example, inputs, _filled(tangents, some))
    except Exception as error:
        raise Rejected(f"{type(error).__name__}: {str(error)[:300]}") from error
    wanted_dot = jax.tree.map(without_float0, wanted_dot)
    for leaf in jax.tree.leaves((plain, wanted_dot)):
        if not jax.numpy.issubdtype(jax.numpy.result_type(leaf), jax.numpy.inexact):
            continue
        if not np.all(np.abs(np.asarray(leaf, np.float64)) < _LARGEST):
            raise Rejected("numbers out of bounds")
    return (inputs, tangents), wanted_dot, plain


def _moving(tangents: Inputs, moving: tuple[str, ...]) -> Inputs:
    return Inputs(
        {name: tree for name, tree in tangents.variables.items() if name in moving},
        {name: tree for name, tree in tangents.arguments.items() if name in moving},
    )


def _filled(tangents: Inputs, some: Inputs) -> Inputs:
    """All tangents, those that are not among some of them zeros."""

    def still(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf if leaf.dtype == jax.dtypes.float0 else jax.numpy.zeros_like(leaf), tree)

    return Inputs(
        {name: some.variables.get(name, still(tree)) for name, tree in tangents.variables.items()},
        {name: some.arguments.get(name, still(tree)) for name, tree in tangents.arguments.items()},
    )


@contextlib.contextmanager
def _imported(text: str) -> Iterator[ModuleType]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text("[project]\nname = 'random'\n")
        Path(folder, f"{_NAME}.py").write_text(text)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        forget_siblings()
        try:
            yield importlib.import_module(_NAME)
        finally:
            sys.path.remove(folder)
            for known in (_NAME, f"{_NAME}_jvp"):
                sys.modules.pop(known, None)


@contextlib.contextmanager
def _compiled(source: ModuleType) -> Iterator[None]:
    """The derivative, beside its source."""
    path = Path(str(source.__file__))
    status = main(["--quiet", str(path)])
    output = path.with_name(f"{_NAME}_jvp.py")
    try:
        assert status == 0, "the compiler refuses the program"
        importlib.invalidate_caches()
        yield
    except Exception as error:
        error.add_note(output.read_text() if output.exists() else "nothing was generated")
        raise
