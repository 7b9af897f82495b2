"""The golden cases: what is written, what is said, what it computes. One test a property, so that failures name it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from tests.emit.ruff_format import changed_by_ruff
from tests.golden import layout
from tests.golden.cases import EXPECTED, GOLDEN, INPUT, Case, all_cases
from tests.golden.compiled import compiled
from tests.golden.examples import examples_of
from tests.golden.execution import check_example
from tests.golden.imported import imported

CASES = all_cases()
EMITTED = [case for case in CASES if EXPECTED in case.expected]
HINT = "run  pytest --update-golden"

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_emitted = pytest.mark.parametrize("case", EMITTED, ids=lambda case: case.name)


def test_folders() -> None:
    without = [case.name for case in CASES if INPUT not in case.sources]
    assert not without, f"no {INPUT}"


@each_case
def test_text(case: Case) -> None:
    golden = compiled(case).golden
    for place in sorted({*golden, *case.expected}):
        assert place in golden, f"golden/{case.name}/{place} is no longer written: {HINT}"
        assert place in case.expected, f"golden/{case.name}/{place} is missing: {HINT}"
        assert golden[place] == case.expected[place], f"golden/{case.name}/{place} is out of date: {HINT}"


@each_case
def test_marks(case: Case) -> None:
    assert sorted(compiled(case).diagnosed) == sorted(case.marks)


def test_hash_seeds() -> None:
    """Compiled under two hash seeds, in a process each, every case gives the same bytes."""
    command = [sys.executable, "-m", "tests.golden.every_case"]
    started = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, cwd=GOLDEN.parent, env={**os.environ, "PYTHONHASHSEED": seed}, text=True
        )
        for seed in ("1", "2")
    ]
    one, two = (json.loads(process.communicate()[0]) for process in started)
    assert [name for name in one if one[name] != two[name]] == []


def test_layout(tmp_path: Path) -> None:
    """Ruff's formatter changes nothing."""
    texts = {f"{case.name}/{place}": text for case in CASES for place, text in compiled(case).outputs.items()}
    assert changed_by_ruff(texts, 88, tmp_path) == {}


@pytest.fixture(scope="session")
def unused_names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What ruff's F rules say of the outputs, by case; one call for all of them."""
    folder = tmp_path_factory.mktemp("outputs")
    for case in CASES:
        for place, text in compiled(case).outputs.items():
            path = folder / case.name / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F", str(folder)]
    done = subprocess.run([*command, "--output-format", "json"], capture_output=True, text=True)
    found: dict[str, list[str]] = {}
    for item in json.loads(done.stdout):
        name = Path(item["filename"]).relative_to(folder.resolve()).parts[0]
        found.setdefault(name, []).append(f"line {item['location']['row']}: {item['message']}")
    return found


@each_emitted
def test_names(case: Case, unused_names: dict[str, list[str]]) -> None:
    for place, text in compiled(case).outputs.items():
        compile(text, place, "exec")
        assert len(layout.runtime_names(ast.parse(text))) <= 12
    assert unused_names.get(case.name, []) == []


@each_emitted
def test_size(case: Case) -> None:
    outputs = compiled(case).outputs
    for path, source in case.sources.items():
        place = case.place_of(path.removesuffix(".py") + "_jvp.py")
        if place in outputs:
            found = layout.sizes(outputs[place], source)
            assert found.lines <= case.largest_body * found.source_lines, place


@each_emitted
def test_executed(case: Case, tmp_path: Path) -> None:
    with imported(case, tmp_path) as (source, generated):
        examples = examples_of(source)
        assert examples, "no example() in input.py"
        for example in examples:
            check_example(example, generated, every_mix=True, tolerance=example.tolerance)


@each_emitted
def test_executed_in_float64(case: Case, tmp_path: Path) -> None:
    with jax.enable_x64(True), imported(case, tmp_path) as (source, generated):
        for example in examples_of(source):
            if not example.heavy:
                check_example(example, generated, every_mix=False, tolerance=1e-9)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("x, x_dot = x + y, x_dot + y_dot", "x, x_dot = x + y, x_dot + 1.001 * y_dot"),
        ("x, x_dot = x + y, x_dot + y_dot", "x, x_dot = x + y, y_dot"),
        ("x, x_dot = x + y, x_dot + y_dot", "x, x_dot = x + y * 1.000001, x_dot + y_dot"),
        ("mask=Pair(mask, mask_dot)", "mask=None"),
    ],
)
def test_errors_are_seen(line: str, wrong: str, tmp_path: Path) -> None:
    """The check itself: errors planted into the generated text make it fail."""
    case = next(case for case in CASES if case.name == "transformer_block")

    def edit(text: str) -> str:
        assert line in text
        return text.replace(line, wrong)

    with imported(case, tmp_path, edit) as (source, generated):
        example = examples_of(source)[-1]
        with pytest.raises(AssertionError, match=r"Not equal to tolerance|not equal"):
            check_example(example, generated, every_mix=True, tolerance=example.tolerance)
