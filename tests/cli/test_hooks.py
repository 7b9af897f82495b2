"""The hooks that `.pre-commit-hooks.yaml` offers, as pre-commit runs them: in the root, without names of files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.project.test_build import CNN, OTHER

HOOKS = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text()


def arguments(hook: str) -> list[str]:
    entry = re.search(rf"- id: {hook}\n(?:  .*\n)*?  entry: jvpgen (.*)\n", HOOKS)
    assert entry is not None
    return shlex.split(entry.group(1))


def test_they_run_at_every_commit_and_without_names_of_files():
    assert HOOKS.count("- id: ") == HOOKS.count("always_run: true") == HOOKS.count("pass_filenames: false") == 2


def test_the_writing_hook_fails_once_for_each_change(project, jvpgen):
    root = project({"a.py": CNN, "b.py": OTHER})
    hook = arguments("jvpgen")
    assert [jvpgen(*hook)[0] for _ in range(2)] == [1, 0]
    (root / "a.py").write_text(CNN.replace("(self, x)", "(self, x, y)"))
    assert [jvpgen(*hook)[0] for _ in range(2)] == [1, 0]
    (root / "b.py").unlink()
    assert [jvpgen(*hook)[0] for _ in range(2)] == [1, 0]
    assert [path.name for path in root.glob("*_jvp.py")] == ["a_jvp.py"]
    (root / "pyproject.toml").write_text('[tool.jvpgen]\noutput = "out"\n')
    assert [jvpgen(*hook)[0] for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("change", ["missing", "stale", "edited", "orphaned"])
def test_the_checking_hook_writes_nothing(project, jvpgen, change):
    root = project({"a.py": CNN})
    assert jvpgen(".")[0] == 0
    output = root / "a_jvp.py"
    before = output.read_text()
    if change == "missing":
        output.unlink()
    elif change == "edited":
        output.write_text(before.replace("return x", "return 2 * x"))
    elif change == "stale":
        (root / "a.py").write_text(CNN.replace("(self, x)", "(self, x, y)"))
    else:
        (root / "a.py").unlink()
    there = output.read_text() if output.exists() else None
    assert jvpgen(*arguments("jvpgen-check"))[0] == 1
    assert (output.read_text() if output.exists() else None) == there
