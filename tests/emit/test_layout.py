"""The layout of generated modules: it is what `ruff format` would make of it, and the program stays the same."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jvpgen.emit.layout import format_module

from .layout_cases import CASES, Case
from .program_text import random_program
from .ruff_format import changed_by_ruff, ruff_formatted

LINE_LENGTH = 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layout_of(case: Case) -> None:
    assert format_module(case.before, LINE_LENGTH) == case.after


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_layout_of_a_laid_out_text_is_the_same(case: Case) -> None:
    assert format_module(case.after, LINE_LENGTH) == case.after


def test_ruff_leaves_the_cases_alone(tmp_path: Path) -> None:
    texts = {case.name: case.after for case in CASES if case.name != "statements without rules stay as they are"}
    assert changed_by_ruff(texts, LINE_LENGTH, tmp_path) == {}


def test_comments_inside_of_brackets_are_never_lost() -> None:
    text = "x = (1,  # one\n     2)\nif (a or  # first\n        b):\n    y  = 3\n"
    assert format_module(text) == text


def check_random_program(random: Random, line_length: int) -> None:
    text = random_program(random, statements=20)
    laid_out = format_module(text, line_length)
    assert ast.dump(ast.parse(laid_out)) == ast.dump(ast.parse(text))
    assert format_module(laid_out, line_length) == laid_out
    if ruff_formatted(laid_out, line_length) != laid_out:  # rarely, ruff changes what it has just laid out itself
        assert ruff_formatted(text, line_length) == laid_out


@settings(max_examples=20, deadline=None)
@given(random=st.randoms(use_true_random=True), line_length=st.integers(60, 100))
def test_ruff_leaves_random_statements_alone(random: Random, line_length: int) -> None:
    check_random_program(random, line_length)


@pytest.mark.nightly
@settings(max_examples=500, deadline=None)
@given(random=st.randoms(use_true_random=True), line_length=st.integers(60, 100))
def test_ruff_leaves_many_random_statements_alone(random: Random, line_length: int) -> None:
    check_random_program(random, line_length)


@pytest.mark.parametrize("line_length", [72, 100])
def test_ruff_leaves_the_layers_of_flax_alone(line_length: int, tmp_path: Path) -> None:
    spec = importlib.util.find_spec("flax")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0], "linen")
    lines = {path.name: ast.unparse(ast.parse(path.read_text(encoding="utf-8"))) for path in folder.glob("*.py")}
    texts = {name: format_module(text, line_length) for name, text in lines.items()}
    assert changed_by_ruff(texts, line_length, tmp_path) == {}
