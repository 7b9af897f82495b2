"""Every rule of the table against `jax.jvp`, over all sets of active tensors, shapes, special values, dtypes and keywords."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
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
from tests.rules.check import TOLERANCE, active_arrays, assert_same, check, pushed, subsets
from tests.rules.lines import Line, lines_of, read

TABLES = (
    table_elementwise,
    table_structural,
    table_reductions,
    table_linear_algebra,
    table_indexing,
    table_operators,
    table_neural,
    table_constants,
)
LINES = [line for table in TABLES for line in lines_of(table.LINES)]

# Collectives need a mapped axis, which a line cannot give them.
COLLECTIVES = {
    "jax.lax.psum": lambda x: lax.psum(x, "i"),
    "jax.lax.pmean": lambda x: lax.pmean(x, "i"),
    "jax.lax.all_gather": lambda x: lax.all_gather(x, "i"),
    "jax.lax.psum_scatter": lambda x: lax.psum_scatter(x, "i"),
    "jax.lax.ppermute": lambda x: lax.ppermute(x, "i", [(0, 1), (1, 0)]),
    "jax.lax.all_to_all": lambda x: lax.all_to_all(x, "i", 0, 0),
    "jax.lax.axis_index": lambda x: lax.axis_index("i"),
    "jax.lax.axis_size": lambda x: lax.axis_size("i"),
}
COLLECTIVE_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "jax.lax.ppermute": ("i", [(0, 1), (1, 0)]),
    "jax.lax.all_to_all": ("i", 0, 0),
}
NEED_A_MESH = {"jax.lax.with_sharding_constraint"}


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Double precision where the dtype under test needs it."""
    with jax.enable_x64(dtype == "float64"):
        yield


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("line", LINES, ids=[line.text for line in LINES])
def test_rule_agrees_with_jax(line: Line, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not line.allows(dtype):
        return
    with precision(dtype):
        case = read(line.text, dtype)
        if case.rule.kind == "formula" and not case.rule.broadcast:  # the text of a term has no one to fit it
            monkeypatch.setattr(runtime, "fitted", lambda tangent, out: tangent)
        active = active_arrays(case)
        if not active:
            out, tangent = pushed(case, [], [])
            assert_same(out, case.function(*case.args, **case.kwargs))
            assert jax.tree.structure(tangent) == jax.tree.structure(zero(out))
        for some in subsets(active):
            check(case, some, TOLERANCE[dtype])


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
    covered = set()
    for line in LINES:
        covered.add(read(line.text, "float32").rule.name)
    uncovered = {
        name
        for name, rule in RULES.items()
        if name not in covered and name not in COLLECTIVES and name not in NEED_A_MESH and rule.kind != "unsupported"
    }
    assert not uncovered
