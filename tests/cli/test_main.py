"""The command line from outside: exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jvpgen.cli import options
from jvpgen.cli.inspection import described
from jvpgen.version import __version__
from tests.project.test_build import CNN, OTHER

ROOT = Path(__file__).parents[2]


def program(*argv: str, **keywords) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "jvpgen", *argv],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        **keywords,
    )


# --- Writing ----------------------------------------------------------------------------------------------------------


def test_writes_and_says_so_on_stderr(project, jvpgen):
    root = project({"a.py": CNN, "b.py": OTHER})
    assert jvpgen(".") == (0, "", "written a_jvp.py\nwritten b_jvp.py\n2 written\n")
    assert jvpgen(".") == (0, "", "2 unchanged\n")
    (root / "b.py").write_text(OTHER.replace("x)", "x, y)"))
    assert jvpgen("b.py", "a.py", "--quiet") == (0, "", "")


def test_without_paths_it_is_what_the_configuration_includes_else_the_current_folder(project, jvpgen, monkeypatch):
    root = project({"a.py": CNN, "models/b.py": OTHER, "other/c.py": CNN})
    monkeypatch.chdir(root / "models")
    assert jvpgen()[2] == "written b_jvp.py\n1 written\n"
    project({"pyproject.toml": '[tool.jvpgen]\ninclude = ["other"]\n'})
    assert jvpgen()[2] == f"written {root.as_posix()}/other/c_jvp.py\n1 written\n"


def test_output_folder_is_relative_to_the_current_folder_or_in_the_configuration_to_the_root(
    project, jvpgen, monkeypatch
):
    root = project({"models/a.py": CNN, "pyproject.toml": '[tool.jvpgen]\noutput = "out"\n'})
    monkeypatch.chdir(root / "models")
    jvpgen()
    assert (root / "out/models/a_jvp.py").is_file()
    jvpgen("--output", "here", "a.py")
    assert (root / "models/here/models/a_jvp.py").is_file()


def test_paths_of_several_projects_follow_each_its_own_configuration(project, jvpgen):
    root = project({"one/pyproject.toml": '[tool.jvpgen]\noutput = "out"\n', "one/a.py": CNN, "two/a.py": CNN})
    assert jvpgen("one", "two")[0] == 0
    assert (root / "one/out/a_jvp.py").is_file()
    assert (root / "two/a_jvp.py").is_file()


def test_nothing_to_derive_is_fine(project, jvpgen):
    project({"a.py": "x = 1\n"})
    assert jvpgen() == (0, "", "nothing to derive\n")


# --- Comparing --------------------------------------------------------------------------------------------------------


def test_check_writes_nothing_and_fails_on_what_is_missing_stale_or_orphaned(project, jvpgen):
    root = project({"a.py": CNN, "b.py": OTHER, "c.py": CNN})
    jvpgen("b.py", "c.py")
    (root / "b.py").write_text(OTHER.replace("return x", "return 2 * x"))
    (root / "c.py").unlink()
    code, out, err = jvpgen("--check", ".")
    assert (code, out) == (1, "")
    assert [line[:15] for line in err.splitlines() if line.startswith("error")] == [
        "error[JVP909]: ",
        "error[JVP908]: ",
        "error[JVP910]: ",
    ]
    assert err.endswith("1 out of date, 1 missing, 1 orphaned, 3 errors\n")
    assert not (root / "a_jvp.py").exists()
    assert jvpgen("--prune", ".")[0] == 0
    assert jvpgen("--check", ".")[:2] == (0, "")


def test_diff_goes_to_stdout_and_writes_nothing(project, jvpgen):
    root = project({"a.py": CNN})
    code, out, err = jvpgen("--diff", "a.py")
    assert code == 0
    assert out.startswith("--- /dev/null\n+++ b/a_jvp.py\n@@ -0,0 +1,")
    assert "+def CNN_jvp(x, x_dot):\n" in out
    assert err == "1 missing\n"
    assert not (root / "a_jvp.py").exists()
    jvpgen("a.py")
    assert jvpgen("--check", "--diff", "a.py") == (0, "", "1 unchanged\n")
    (root / "a.py").unlink()
    code, out, _ = jvpgen("--diff", "--prune", ".")
    assert "--- a/a_jvp.py\n+++ /dev/null\n" in out
    assert (root / "a_jvp.py").exists()


def test_stdout_prints_exactly_what_would_be_written(project, jvpgen):
    root = project({"a.py": CNN})
    code, out, _ = jvpgen("--stdout", "a.py")
    assert code == 0
    assert not (root / "a_jvp.py").exists()
    jvpgen("a.py")
    assert (root / "a_jvp.py").read_text() == out


def test_exit_non_zero_on_change(project, jvpgen):
    root = project({"a.py": CNN})
    assert jvpgen("--exit-non-zero-on-change")[0] == 1
    assert jvpgen("--exit-non-zero-on-change")[0] == 0
    (root / "a.py").unlink()
    assert jvpgen("--exit-non-zero-on-change")[0] == 0
    assert jvpgen("--exit-non-zero-on-change", "--prune")[0] == 1


# --- Errors -----------------------------------------------------------------------------------------------------------


def test_errors_in_one_file_are_framed_and_the_other_is_written(project, jvpgen):
    root = project({"bad.py": CNN.replace("self, x)", "self, x"), "good.py": OTHER})
    code, out, err = jvpgen(".")
    assert (code, out) == (1, "")
    assert "error[JVP901]: syntax error: '(' was never closed\n  --> bad.py:6:17\n   |\n" in err
    assert " 6 |     def __call__(self, x:\n   |                 ^\n" in err
    assert "   = help: " in err
    assert err.endswith("1 written, 1 error\n")
    assert (root / "good_jvp.py").exists()


def test_messages_have_paths_as_seen_from_the_current_folder(project, jvpgen, monkeypatch):
    root = project({"pkg/__init__.py": "", "pkg/bad.py": "x = (\n", "pkg/a.py": CNN, "own/b.py": CNN})
    (root / "pyproject.toml").unlink()  # so that paths in headers are relative to the package's folder
    code, _, err = jvpgen("pkg/a.py", "pkg/bad.py", "own/b.py")
    assert code == 1
    assert "written pkg/a_jvp.py\n" in err and "written own/b_jvp.py\n" in err
    assert "--> pkg/bad.py:" in err and " | x = (" in err
    (root / "pkg/a.py").write_text(CNN.replace("(self, x)", "(self, x, y)"))
    monkeypatch.chdir(root / "own")
    code, out, err = jvpgen("--check", "--diff", "../pkg/a.py")
    assert code == 1
    assert f"--- a{root.as_posix()}/pkg/a_jvp.py" in out
    assert f"--> {root.as_posix()}/pkg/a_jvp.py:" in err
    assert "from a.py" in (root / "pkg/a_jvp.py").read_text()


def test_strict_makes_an_opaque_step_an_error(project, jvpgen):
    project({"a.py": CNN.replace("return x", "return warn(x)")})
    code, _, err = jvpgen()
    assert code == 0
    assert "warning[JVP401]" in err
    code, _, err = jvpgen("--strict")
    assert code == 1
    assert "error[JVP401]" in err


def test_force_overwrites_an_edit(project, jvpgen):
    root = project({"a.py": CNN})
    jvpgen()
    with (root / "a_jvp.py").open("a") as file:
        file.write("EXTRA = 1\n")
    code, _, err = jvpgen()
    assert code == 1
    assert "JVP905" in err
    assert jvpgen("--force")[0] == 0


def test_wrong_configuration_writes_nothing_and_names_every_mistake(project, jvpgen):
    root = project({"a.py": CNN, "pyproject.toml": "[tool.jvpgen]\nfolow = []\nline-length = 0\n"})
    code, out, err = jvpgen("a.py")
    assert (code, out) == (2, "")
    assert " 2 | folow = []\n   | ^^^^^\n" in err
    assert "Did you mean `follow`?" in err
    assert err.endswith("nothing written, 2 errors\n")
    assert not (root / "a_jvp.py").exists()


def test_missing_path_is_a_wrong_command_line(project, jvpgen):
    root = project({"a.py": CNN})
    code, _, err = jvpgen("a.py", "b.py")
    assert code == 2
    assert "error[JVP904]: `b.py` does not exist" in err
    assert (root / "a_jvp.py").exists()


def test_unknown_option_is_a_wrong_command_line(project, capsys):
    project({})
    with pytest.raises(SystemExit) as stopped:
        options.parse(["--chek"])
    assert stopped.value.code == 2


# --- The other commands -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other", "unless", "why"), options.CONTRADICTIONS)
def test_options_that_contradict_each_other_are_a_wrong_command_line(project, capsys, one, other, unless, why):
    root = project({"a.py": CNN})
    with pytest.raises(SystemExit) as stopped:
        options.parse([other, one, "a.py"])
    assert stopped.value.code == 2
    assert f"error: {one} and {other} contradict each other: {why}\n" in capsys.readouterr().err
    assert list(root.glob("*_jvp.py")) == []
    if unless:
        options.parse([one, other, unless, "a.py"])


def test_inspect_in_both_formats(project, jvpgen):
    project({"a.py": CNN, "b.py": OTHER})
    code, out, _ = jvpgen("inspect", ".", "--output-format", "json")
    assert code == 0
    assert [item["class"] for item in json.loads(out)] == ["CNN", "Other"]
    code, out, _ = jvpgen("inspect", "a.py")
    assert out == (
        "a.py:5 CNN (explicit)\n  fields:\n    features  int\n"
        "  params:\n    Dense_0/kernel  x.shape[-1], features  line 7\n  rngs: dropout\n"
    )


def test_inspect_prints_json_even_when_a_file_is_bad(project, jvpgen):
    project({"a.py": "class (\n", "b.py": OTHER})
    code, out, err = jvpgen("inspect", "--output-format", "json")
    assert code == 1
    assert [item["class"] for item in json.loads(out)] == ["Other"]
    assert "JVP901" in err


def test_a_file_named_like_a_command(project, jvpgen):
    project({"show/a.py": CNN, "inspect/b.py": OTHER})
    assert jvpgen("--", "show")[2] == "written show/a_jvp.py\n1 written\n"
    assert jvpgen("./inspect")[2] == "written inspect/b_jvp.py\n1 written\n"


def test_show_prints_the_text_or_says_that_there_is_none(project, jvpgen, monkeypatch):
    from jvpgen.project import compiler

    project({})
    monkeypatch.setattr(compiler, "text_of_name", lambda name, layout, report: "x = 1\n" if name == "a.B" else None)
    assert jvpgen("show", "a.B") == (0, "x = 1\n", "")
    code, out, err = jvpgen("show", "a.C")
    assert (code, out) == (2, "")
    assert "`a.C`" in err


def test_explain(project, jvpgen):
    code, out, _ = jvpgen("explain", "jvp102")
    assert code == 0
    assert out.startswith("JVP102: decorator on a method (error)\n")
    assert "    class Double(nn.Module):\n        @jvpgen.derive\n" in out
    assert len(jvpgen("explain")[1].splitlines()) > 20
    code, _, err = jvpgen("explain", "JVP1O2")
    assert code == 2
    assert "JVP102" in err


# --- As a program -----------------------------------------------------------------------------------------------------


def test_version_and_help(project):
    assert program("--version").stdout == f"jvpgen {__version__}\n"
    for command in ("", *options.COMMANDS):
        done = program(*filter(None, [command]), "--help")
        assert done.returncode == 0
        assert "exit codes:" in done.stdout
    assert program("--nonsense").returncode == 2


def test_a_closed_pipe_is_no_traceback(project):
    done = subprocess.run(
        f"set -o pipefail; {sys.executable} -m jvpgen explain | true; echo status ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.strip() in ("status 141", "status 0")  # 0: it had finished before the pipe was closed


def test_an_interrupt_is_no_traceback(project):
    script = (
        "import jvpgen.cli.main as m, time; m.command = lambda name: lambda *_: time.sleep(30); "
        "print(1, flush=True); m.run()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", script, "explain"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("color", "environment", "coloured"),
    [("always", {"NO_COLOR": "1"}, True), ("never", {}, False), ("auto", {"FORCE_COLOR": "1", "TERM": "xterm"}, False)],
)
def test_colours(project, color, environment, coloured):
    project({"a.py": "x ="})
    done = subprocess.run(
        [sys.executable, "-m", "jvpgen", "explain", "JVP101", "--color", color],
        capture_output=True, text=True, check=True, env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ("\x1b[" in done.stdout) is coloured


def test_the_command_line_imports_no_jax(project):
    program_text = (
        "import sys, jvpgen.cli.main as m; m.main(['explain', 'JVP101']); "
        "print(sorted({'jax', 'flax', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program_text],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.endswith("[]\n")


def test_inspect_says_in_words_what_is_special():
    submodules = [
        {"name": "Dense_0", "class": "nn.Dense", "line": 3, "optional": False, "repeated": False, "known": True},
        {"name": "Block_{i}", "class": "Block", "line": 4, "optional": True, "repeated": True, "known": True},
        {"name": "inner", "class": "nn.Module", "line": 5, "optional": False, "repeated": False, "known": False},
    ]
    entry = {"file": "a.py", "line": 1, "class": "A", "status": "explicit", "submodules": submodules}
    assert described(entry).splitlines()[2:] == [
        "    Dense_0    nn.Dense   line 3",
        "    Block_{i}  Block      line 4  optional, one of several",
        "    inner      nn.Module  line 5  known at run time only",
    ]


def test_explain_shows_no_program_where_none_is_to_blame(jvpgen):
    code, out, _ = jvpgen("explain", "JVP999")
    assert code == 0
    assert "failure inside jvpgen" in out
    assert "Wrong:" not in out
    assert "Wrong:" in jvpgen("explain", "JVP903")[1]
