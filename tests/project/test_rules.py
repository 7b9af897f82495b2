"""A project's rules in a build: they decide the text, a change of them is seen, and a mistake in them stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jvpgen.cli.main import main

MODEL = """\
import flax.linen as nn
import jvpgen

from lib.ops import cubed


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        return cubed(nn.Dense(3)(x))
"""
OPS = "def cubed(x):\n    return x * x * x\n"
RULES = 'import jvpgen\n\njvpgen.rule("lib.ops.cubed(x)", x_dot="3 * x**2 * x_dot")\n'
FILES = {
    "pyproject.toml": '[tool.jvpgen]\nrules = ["lib.jvp_rules"]\n',
    "lib/__init__.py": "",
    "lib/ops.py": OPS,
    "lib/jvp_rules.py": RULES,
    "model.py": MODEL,
}


def output(root: Path) -> str:
    return (root / "model_jvp.py").read_text()


def test_a_rule_is_written_out_and_its_function_left_alone(project) -> None:
    root = project(FILES)
    assert main(["--quiet", "."]) == 0
    assert "3 * dense**2 * dense_dot" in output(root) and "jvp_rules" not in output(root)
    assert not (root / "lib/ops_jvp.py").exists()


def test_a_change_of_the_rules_fails_the_check_and_is_written(project) -> None:
    root = project(FILES)
    main(["--quiet", "."])
    assert main(["--quiet", "--check", "."]) == 0
    project({"lib/jvp_rules.py": RULES.replace("3 * x**2", "3 * x * x")})
    assert main(["--quiet", "--check", "."]) == 1
    assert main(["--quiet", "."]) == 0
    assert "3 * dense * dense * dense_dot" in output(root)
    project({"pyproject.toml": "[tool.jvpgen]\n"})
    assert main(["--quiet", "--check", "."]) == 1


def test_a_rule_that_moves_within_its_file_changes_nothing(project) -> None:
    root = project(FILES)
    main(["--quiet", "."])
    before = output(root)
    project({"lib/jvp_rules.py": RULES.replace("import jvpgen\n", "# Rules.\n\nimport jvpgen\n")})
    assert main(["--quiet", "--check", "."]) == 0
    assert main(["--quiet", "."]) == 0 and output(root) == before


@pytest.mark.parametrize(
    ("rules", "code", "status"),
    [
        (RULES.replace("* x_dot", "** x_dot"), "JVP406", 1),
        (RULES.replace("cubed", "cube"), "JVP407", 1),
        (None, "JVP203", 2),
    ],
)
def test_a_mistake_in_the_rules_stops_the_build(project, capsys, rules: str | None, code: str, status: int) -> None:
    root = project({**FILES, "lib/jvp_rules.py": rules or RULES})
    if rules is None:
        (root / "lib/jvp_rules.py").unlink()
    assert main(["--quiet", "."]) == status
    assert code in capsys.readouterr().err
    assert not (root / "model_jvp.py").exists()


def test_inspect_calls_functions_with_rules_explicit(project, capsys) -> None:
    project({**FILES, "lib/jvp_rules.py": 'import jvpgen\n\njvpgen.linear("lib.ops.cubed(x)")\n'})
    assert main(["inspect", "model.py"]) == 0
    assert "Model (explicit)" in capsys.readouterr().out


def test_a_function_without_a_rule_is_told_how_one_begins(project, capsys) -> None:
    model = MODEL.replace("from lib.ops import cubed", "from otherlib import cubed").replace(
        "cubed(nn.Dense(3)(x))", "cubed(x, self.variable('stats', 'by', lambda: x).value, 3, axis=x.ndim)"
    )
    project({**FILES, "model.py": model})
    main(["--quiet", "."])
    assert 'jvpgen.rule("otherlib.cubed(x, value, y, axis)", x_dot="...", value_dot="...")' in capsys.readouterr().err


def test_a_call_that_the_rule_is_none_for_is_reported(project, capsys) -> None:
    ops = "def cubed(x, by):\n    return x * by\n"
    rules = RULES.replace("cubed(x)", "cubed(x, by)")
    model = MODEL.replace("cubed(nn.Dense(3)(x))", "cubed(nn.Dense(3)(x), x)")
    project({**FILES, "lib/ops.py": ops, "lib/jvp_rules.py": rules, "model.py": model})
    main(["--quiet", "."])
    said = capsys.readouterr().err
    assert "JVP401" in said and "where `by` may carry a tangent" in said and "the rule is at lib/jvp_rules.py:3" in said


def test_rules_are_imported_as_the_source_is(project) -> None:
    """A value that only run time knows may have a rule; a folder without an `__init__.py` may be no package."""
    model = MODEL.replace("lib.ops", "jax.nn").replace("cubed(nn.Dense(3)(x))", "self.act(nn.Dense(3)(x))")
    model = model.replace("    @nn.compact", "    act: object = cubed\n\n    @nn.compact").replace(
        "cubed", "hard_swish"
    )
    rules = 'import jvpgen\n\njvpgen.linear("otherlib.f(x)")\n'
    root = project(
        {
            "pyproject.toml": '[tool.jvpgen]\nrules = ["models.rules"]\n',
            "models/rules.py": rules,
            "models/hard.py": model,
        }
    )
    assert main(["--quiet", "."]) == 0
    text = (root / "models/hard_jvp.py").read_text()
    registering = "try:\n    import models.rules  # noqa: F401\nexcept ImportError:  # this folder is no package here\n"
    assert f"{registering}    import rules  # noqa: F401\n" in text and "    from .hard import Model\n" in text
