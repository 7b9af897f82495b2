"""The scripts run, say something short, and what they say is true; the generated files are up to date."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jvpgen.cli import main
from tests.golden.layout import sizes

ROOT = Path(__file__).parents[2]


def output_of(script: str) -> str:
    """What a script prints, run as README says, but compiled in less time."""
    done = subprocess.run(
        [sys.executable, "-m", f"examples.scripts.{script}"],
        cwd=ROOT,
        env={**os.environ, "XLA_FLAGS": "--xla_backend_optimization_level=0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) <= 12
    return done.stdout


def losses_in(output: str) -> list[float]:
    """The second column of the table of steps."""
    return [float(loss) for loss in re.findall(r"^ *\d+  +(\S+)$", output, re.MULTILINE)]


def test_forward_gradients_lower_the_loss() -> None:
    losses = losses_in(output_of("forward_gradient"))
    assert losses[-1] < 0.1 < 1 < losses[0]


def test_gauss_newton_products_are_right_and_their_steps_lower_the_loss() -> None:
    output = output_of("gauss_newton")
    difference = re.search(r"relative difference (\S+)", output)
    assert difference is not None
    assert float(difference[1]) < 1e-5
    losses = losses_in(output)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 2


def test_tangents_for_the_adapters_alone_cost_less() -> None:
    rows = re.findall(r"^(\S.*?) +\S+ +(\S+)$", output_of("lora_tangents"), re.MULTILINE)
    relative = {name: float(cost) for name, cost in rows if name != "Mflop"}
    assert relative["value"] == 1
    assert relative["along the adapters"] < 0.7 * relative["along all weights"]
    assert relative["along all weights"] < 1.1 * relative["along all weights, jax.jvp"]


def test_meanflow_learns_the_circle() -> None:
    output = output_of("meanflow_step")
    losses = losses_in(output)
    assert losses[-1] < losses[0] / 2
    radius = re.search(r"radius (\S+) ± (\S+)", output)
    assert radius is not None
    assert abs(float(radius[1]) - 1) < 0.15


# One line of the attention computes, reshapes and names; its two `einsum` of two moving operands take a line a term.
_LONGER = {"lora.py": 3.0}


@pytest.mark.parametrize("output", sorted((ROOT / "examples/models").glob("*_jvp.py")), ids=lambda path: path.name)
def test_bodies_are_short(output: Path) -> None:
    source = output.with_name(output.name.replace("_jvp", ""))
    found = sizes(output.read_text(), source.read_text())
    assert found.lines <= _LONGER.get(source.name, 2.5) * found.source_lines


def test_the_generated_files_are_up_to_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main.main(["--check", "--diff", "examples"]) == 0, capsys.readouterr().out
