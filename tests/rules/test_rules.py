"""Every rule of the table against `jax.jvp`, over sets of active tensors, shapes, special values, dtypes, keywords."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from jvpgen.rules import RULES
from jvpgen.runtime import apply_rule as runtime
from jvpgen.runtime.apply_rule import apply_rule
from jvpgen.runtime.zero import instantiate, zero
from tests.rules import (
    table_constants,
    table_elementwise,
    table_indexing,
    table_linear_algebra,
    table_neural,
    table_operators,
    table_reductions,
    table_structural,
)
from tests.rules.check import TOLERANCE, active_arrays, assert_same, check, check_types, pushed, subsets
from tests.rules.lines import NOT_IN_EVERY_PYTHON, lines_of, read

TABLES = (
    table_elementwise.LINES,
    table_structural.LINES,
    table_reductions.LINES,
    table_linear_algebra.LINES,
    table_indexing.LINES,
    table_operators.LINES,
    table_neural.LINES,
    table_constants.LINES,
)
LINES = [line for table in TABLES for line in lines_of(table)]

# Collectives need a mapped axis, which a line cannot give them.
COLLECTIVES = {
    "jax.lax.psum": lambda x: lax.psum(x, "i"),
    "jax.lax.pmean": lambda x: lax.pmean(x, "i"),
    "jax.lax.all_gather": lambda x: lax.all_gather(x, "i"),
    "jax.lax.psum_scatter": lambda x: lax.psum_scatter(x, "i"),
    "jax.lax.ppermute": lambda x: lax.ppermute(x, "i", [(0, 1), (1, 0)]),
    "jax.lax.all_to_all": lambda x: lax.all_to_all(x, "i", 0, 0),
    "jax.lax.pshuffle": lambda x: lax.pshuffle(x, "i", [1, 0]),
    "jax.lax.pswapaxes": lambda x: lax.pswapaxes(x, "i", 0),
    "jax.lax.axis_index": lambda x: lax.axis_index("i"),
    "jax.lax.axis_size": lambda x: lax.axis_size("i"),
}
COLLECTIVE_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "jax.lax.ppermute": ("i", [(0, 1), (1, 0)]),
    "jax.lax.all_to_all": ("i", 0, 0),
    "jax.lax.pshuffle": ("i", [1, 0]),
    "jax.lax.pswapaxes": ("i", 0),
}
NEED_A_MESH = {"jax.lax.with_sharding_constraint", "jax.lax.pcast"}


_tests = itertools.count(1)


@pytest.fixture(autouse=True)
def compiled_programs_are_dropped() -> Iterator[None]:
    """Thousands of small compiled functions fill the memory."""
    yield
    if next(_tests) % 250 == 0:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def precision(request: pytest.FixtureRequest) -> Iterator[None]:
    """Double precision where the dtype under test needs it."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    with jax.enable_x64(parameters.get("dtype") == "float64"):
        yield


def of_lines(tables: Sequence[str], dtypes: Sequence[str]) -> pytest.MarkDecorator:
    """A test for every line of the tables and every dtype, named after both."""
    cases = [
        pytest.param(line.text, dtype, id=f"{line.text} [{dtype}]")
        for dtype in dtypes
        for table in tables
        for line in lines_of(table)
        if line.allows(dtype)
    ]
    return pytest.mark.parametrize(("text", "dtype"), cases)


@of_lines(TABLES, ["float64"])
def test_value_and_tangent(text: str, dtype: str) -> None:
    case = read(text, dtype)
    active = active_arrays(case)
    if not active:
        out, tangent = pushed(case, [], [])
        assert_same(out, case.function(*case.args, **case.kwargs))
        assert jax.tree.structure(tangent) == jax.tree.structure(zero(out))
    for some in subsets(active):
        check(case, some, TOLERANCE[dtype])


@of_lines([table_neural.ACTIVATIONS], ["bfloat16"])
def test_value_and_tangent_in_half_precision(text: str, dtype: str) -> None:
    case = read(text, dtype)
    active = active_arrays(case)
    if active:
        check(case, active, TOLERANCE[dtype])


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")
@of_lines(TABLES, ["float32", "float16", "bfloat16"])
def test_shape_and_dtype(text: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = read(text, dtype)
    if case.rule.kind == "formula" and not case.rule.broadcast:
        # where the compiler writes a term into a program, nothing fits it to the result
        monkeypatch.setattr(runtime, "fitted", lambda tangent, out: tangent)
    for some in subsets(active_arrays(case)):
        check_types(case, some)


@pytest.mark.parametrize("name", [name for name in COLLECTIVES if RULES[name].kind == "linear"])
def test_collective_agrees_with_jax(name: str) -> None:
    rule, function = RULES[name], getattr(lax, name.rpartition(".")[2])
    arguments = COLLECTIVE_ARGUMENTS.get(name, ("i",))
    x, x_dot = jnp.arange(4.0).reshape(2, 2), jnp.arange(4.0, 8.0).reshape(2, 2)

    def mapped(x: Any, x_dot: Any) -> Any:
        out, out_dot = apply_rule(rule, function, (x, *arguments), (x_dot, *[None] * len(arguments)), {}, {})
        return out, instantiate(out_dot, out)

    out, out_dot = jax.vmap(mapped, axis_name="i")(x, x_dot)
    expected = jax.vmap(lambda x: function(x, *arguments), axis_name="i")
    assert jnp.array_equal(out, expected(x)) and jnp.array_equal(out_dot, expected(x_dot))


def test_every_rule_has_a_line() -> None:
    covered = set(NOT_IN_EVERY_PYTHON)
    for line in LINES:
        covered.add(read(line.text, "float32").rule.name)
    uncovered = {
        name
        for name, rule in RULES.items()
        if name not in covered and name not in COLLECTIVES and name not in NEED_A_MESH and rule.kind != "unsupported"
    }
    assert not uncovered
