"""Random modules over the whole language: generated code computes what `jax.jvp` does.

`pytest -m nightly tests/programs` looks at thousands of programs, at others with each `JVPGEN_SEED=…`. A program that
fails is printed with what was generated from it; with `JVPGEN_SHRINK=1`, and at night, it is made small first. It
becomes a golden case.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import jax
import pytest

from tests.golden.execution import derived
from tests.programs.check import check
from tests.programs.program import FAMILIES, program
from tests.programs.strategy import search

PARTS = 4


@pytest.fixture(autouse=True)
def _quick_compilation() -> Iterator[None]:
    """Every program is compiled to run once."""
    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("family", FAMILIES)
def test_programs(family: str, part: int) -> None:
    _search(family, part, 8, shrink=bool(os.environ.get("JVPGEN_SHRINK")))


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(20))
@pytest.mark.parametrize("family", FAMILIES)
def test_many_programs(family: str, part: int) -> None:
    _search(family, 1000 + part + 100 * int(os.environ.get("JVPGEN_SEED", "0")), 40, shrink=True)


def _search(family: str, number: int, count: int, *, shrink: bool) -> None:
    jax.clear_caches()
    counted = search(family, number, count, shrink=shrink)
    assert counted.rejected <= counted.ran, "the programs of this family are hardly ever valid"


def test_smallest_program_is_valid() -> None:
    check(program(lambda options: 0, "straight"))


def test_a_wrong_tangent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself finds tangents that are wrong by a hundredth."""

    def wrong(*args: Any) -> Any:
        (out, updates), (out_dot, updates_dot) = derived(*args)
        return (out, updates), (jax.tree.map(lambda leaf: leaf * 1.01, out_dot), updates_dot)

    monkeypatch.setattr("tests.programs.check.derived", wrong)
    with pytest.raises(AssertionError, match="Not equal"):
        check(program(lambda options: 0, "straight"))
