"""Sources in, outputs on the disk: what is written, what is left alone, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jvpgen.project.footer import split_footer

CNN = "import jvpgen\n\n\n@jvpgen.derive\nclass CNN:\n    def __call__(self, x):\n        return x\n"
OTHER = CNN.replace("CNN", "Other")
USES_HELPER = CNN.replace("import jvpgen", "import jvpgen\nfrom layers import scale").replace(
    "return x", "return scale(x)"
)
HELPERS = "def scale(x):\n    return 2 * x\n\n\ndef shift(x):\n    return x + 1\n"


def codes(build):
    return [diagnostic.code for diagnostic in build.report]


def actions(build):
    return {outcome.path.name: outcome.action for outcome in build.outcomes}


def test_output_stands_beside_its_source_and_is_written_once(project, run_build):
    root = project({"models/cnn.py": CNN, "models/plain.py": "x = 1\n"})
    done, _ = run_build(root)
    assert actions(done) == {"cnn_jvp.py": "written"}
    output = root / "models/cnn_jvp.py"
    before = output.stat()
    done, compiler = run_build(root)
    assert actions(done) == {"cnn_jvp.py": "unchanged"}
    assert compiler.derived == []  # its keys say that nothing has changed
    assert (output.stat().st_mtime_ns, output.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_output_mirrors_the_tree_in_another_folder(project, run_build):
    root = project({"models/deep/cnn.py": CNN})
    done, _ = run_build(root, output="generated")
    assert actions(done) == {"cnn_jvp.py": "written"}
    assert (root / "generated/models/deep/cnn_jvp.py").is_file()
    assert not (root / "models/deep/cnn_jvp.py").exists()


def test_what_a_file_needs_of_another_is_derived_beside_that_other(project, run_build):
    root = project({"cnn.py": USES_HELPER, "layers.py": HELPERS})
    done, _ = run_build(root, "cnn.py")
    assert actions(done) == {"cnn_jvp.py": "written", "layers_jvp.py": "written"}
    text = (root / "layers_jvp.py").read_text()
    assert "def _scale" in text
    assert "def _shift" not in text


def test_a_run_over_a_part_keeps_what_the_rest_needs_and_a_run_over_all_drops_the_superfluous(project, run_build):
    root = project({"cnn.py": USES_HELPER, "other.py": USES_HELPER.replace("scale", "shift"), "layers.py": HELPERS})
    run_build(root, whole_project=True)
    both = (root / "layers_jvp.py").read_text()
    assert "def _scale" in both
    assert "def _shift" in both
    run_build(root, "cnn.py", force=True)
    assert (root / "layers_jvp.py").read_text() == both
    (root / "other.py").write_text("x = 1\n")
    done, _ = run_build(root, whole_project=True, prune=True)
    assert "def _shift" not in (root / "layers_jvp.py").read_text()
    assert actions(done)["other_jvp.py"] == "deleted"


def test_fresh_files_still_say_what_they_need_elsewhere(project, run_build):
    root = project({"cnn.py": USES_HELPER, "layers.py": HELPERS})
    run_build(root, whole_project=True)
    text = (root / "layers_jvp.py").read_text()
    done, compiler = run_build(root, whole_project=True, prune=True)
    assert set(actions(done).values()) == {"unchanged"}
    assert (root / "layers_jvp.py").read_text() == text
    assert compiler.derived == []
    (root / "layers_jvp.py").unlink()
    run_build(root, whole_project=True)
    assert (root / "layers_jvp.py").read_text() == text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda root: (root / "cnn.py").write_text(USES_HELPER.replace("(x)", "(-x)")), id="the class"),
        pytest.param(lambda root: (root / "layers.py").write_text(HELPERS.replace("2", "3")), id="a helper elsewhere"),
        pytest.param(lambda root: (root / "cnn.py").write_text(USES_HELPER + OTHER[15:]), id="a second class"),
        pytest.param(
            lambda root: (root / "pyproject.toml").write_text("[tool.jvpgen]\nline-length = 100\n"), id="configuration"
        ),
    ],
)
def test_a_file_is_derived_anew_after_a_change_of(project, run_build, change):
    root = project({"cnn.py": USES_HELPER, "layers.py": HELPERS})
    run_build(root)
    change(root)
    checked, _ = run_build(root, check=True, dry=True)
    assert "JVP908" in codes(checked)
    done, _ = run_build(root)
    assert actions(done)["cnn_jvp.py"] == "written"
    checked, _ = run_build(root, check=True, dry=True)
    assert codes(checked) == []


def test_a_file_with_warnings_says_them_at_every_run(project, run_build):
    root = project({"cnn.py": CNN.replace("return x", "return warn(x)")})
    first, _ = run_build(root)
    second, _ = run_build(root)
    assert codes(first) == codes(second) == ["JVP401"]
    assert actions(second) == {"cnn_jvp.py": "unchanged"}
    strict, _ = run_build(root, strict=True)
    assert strict.report.has_errors


# --- Bad input --------------------------------------------------------------------------------------------------------


def nothing_half_written(root: Path) -> bool:
    return not [path for path in root.rglob("*") if path.name.endswith(".tmp")]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        pytest.param(CNN.replace("self, x)", "self, x"), "JVP901", id="syntax error"),
        pytest.param(CNN + "# caf\udce9\n", "JVP902", id="not UTF-8"),
        pytest.param(CNN.replace("return x", "return fail(x)"), "JVP102", id="error in the source"),
        pytest.param(CNN.replace("return x", "return boom(x)"), "JVP999", id="failure of ours"),
    ],
)
def test_a_bad_file_keeps_its_output_and_the_others_get_theirs(project, run_build, bad, code):
    root = project({"bad.py": CNN, "good.py": OTHER})
    run_build(root, "bad.py")
    before = (root / "bad_jvp.py").read_text()
    project({"bad.py": bad})
    done, _ = run_build(root)
    assert codes(done) == [code]
    assert next(iter(done.report)).span.path == "bad.py"
    assert actions(done) == {"good_jvp.py": "written"}
    assert (root / "bad_jvp.py").read_text() == before
    assert nothing_half_written(root)


def test_all_problems_of_a_run_are_reported_at_once(project, run_build):
    root = project({"a.py": CNN.replace("(self, x)", "(self, x"), "b.py": CNN.replace("return x", "fail"), "c.py": CNN})
    (root / "d.py").symlink_to(root / "nowhere.py")
    done, _ = run_build(root, ".", "missing.py")
    assert sorted(codes(done)) == ["JVP102", "JVP901", "JVP903", "JVP904"]
    assert actions(done) == {"c_jvp.py": "written"}


def test_output_path_that_is_a_folder(project, run_build):
    root = project({"a.py": CNN, "b.py": OTHER, "a_jvp.py/inside.txt": ""})
    done, _ = run_build(root, force=True)
    assert codes(done) == ["JVP906"]
    assert actions(done) == {"a_jvp.py": "refused", "b_jvp.py": "written"}


def test_file_that_jvpgen_did_not_write_is_overwritten_by_force_only(project, run_build):
    root = project({"a.py": CNN, "a_jvp.py": "x = 'mine'\n"})
    done, _ = run_build(root)
    assert codes(done) == ["JVP906"]
    assert (root / "a_jvp.py").read_text() == "x = 'mine'\n"
    done, _ = run_build(root, force=True)
    assert actions(done) == {"a_jvp.py": "written"}


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda text: text.replace("3 * x_dot", "4 * x_dot", 1), id="a formula"),
        pytest.param(lambda text: text.replace("import jax.numpy as jnp", "import numpy as jnp"), id="an import"),
        pytest.param(
            lambda text: text.replace("# jvpgen: generator", "print('hello')\n# jvpgen: generator"), id="a call"
        ),
        pytest.param(lambda text: text[: text.index("# jvpgen: generator")], id="the footer gone"),
    ],
)
def test_edit_by_hand_is_refused_and_overwritten_by_force(project, run_build, edit):
    root = project({"a.py": CNN})
    run_build(root)
    written = (root / "a_jvp.py").read_text()
    edited = edit(written)
    assert edited != written
    (root / "a_jvp.py").write_text(edited)
    done, _ = run_build(root)
    assert codes(done) == ["JVP905"]
    assert (root / "a_jvp.py").read_text() == edited
    checked, _ = run_build(root, check=True, dry=True)
    assert codes(checked) == ["JVP905"]
    run_build(root, force=True)
    assert (root / "a_jvp.py").read_text() == written


def test_formatting_is_no_edit(project, run_build):
    root = project({"a.py": CNN})
    run_build(root)
    written = (root / "a_jvp.py").read_text()
    body = written.replace(
        "return x, 3 * x_dot", "return (\n        x,\n        3 * x_dot,  # as a formatter might\n    )"
    )
    assert body != written
    (root / "a_jvp.py").write_text(body)
    for switches in ({}, {"strict": True}, {"all": True}, {"check": True, "dry": True}):
        done, _ = run_build(root, **switches)
        assert codes(done) == []
        assert [(outcome.action, outcome.differs) for outcome in done.outcomes] == [("unchanged", False)]
        assert (root / "a_jvp.py").read_text() == body
    run_build(root, force=True)
    assert (root / "a_jvp.py").read_text() == written


def test_an_output_that_moved_with_its_source_is_written_anew(project, run_build):
    root = project({"a.py": CNN})
    run_build(root)
    (root / "models").mkdir()
    for name in ("a.py", "a_jvp.py"):
        (root / name).rename(root / "models" / name)
    assert actions(run_build(root, check=True, dry=True)[0]) == {"a_jvp.py": "stale"}
    assert actions(run_build(root)[0]) == {"a_jvp.py": "written"}


def test_what_a_formatter_left_is_written_anew_once_the_source_changes(project, run_build):
    root = project({"a.py": CNN})
    run_build(root)
    written = (root / "a_jvp.py").read_text()
    (root / "a_jvp.py").write_text(written.replace("return x, 3 * x_dot", "return (x, 3 * x_dot)"))
    (root / "a.py").write_text(CNN + "# a comment of no definition\n")
    assert [outcome.action for outcome in run_build(root)[0].outcomes] == ["unchanged"]
    (root / "a.py").write_text(CNN.replace("derive", "derive  # of a definition", 1))
    assert [outcome.action for outcome in run_build(root)[0].outcomes] == ["written"]


@pytest.mark.parametrize("step", ["tempfile.mkstemp", "os.fsync", "os.replace"])
def test_folder_that_cannot_be_written(project, run_build, monkeypatch, step):
    root = project({"a.py": CNN, "deep/b.py": OTHER})
    run_build(root)
    before = (root / "a_jvp.py").read_text()
    project(
        {
            "a.py": CNN.replace("return x", "y = x\n        return y"),
            "deep/b.py": OTHER.replace("return x", "y = x\n        return y"),
        }
    )

    def refuse(*arguments, **keywords):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(step, refuse)
    done, _ = run_build(root)
    assert codes(done) == ["JVP907", "JVP907"]
    assert "Permission denied" in next(iter(done.report)).message
    assert (root / "a_jvp.py").read_text() == before
    assert nothing_half_written(root)


def test_output_folder_that_is_a_file(project, run_build):
    root = project({"a.py": CNN, "taken": ""})
    done, _ = run_build(root, "a.py", output="taken")
    assert codes(done) == ["JVP907"]


def test_interruption_leaves_whole_files(project, run_build, monkeypatch):
    root = project({"a.py": CNN, "b.py": OTHER})
    real = os.replace

    def interrupted(old, new):
        if Path(new).name == "b_jvp.py":
            raise KeyboardInterrupt
        real(old, new)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_build(root)
    assert split_footer((root / "a_jvp.py").read_text())[1] is not None
    assert not (root / "b_jvp.py").exists()
    assert nothing_half_written(root)


# --- Orphans ----------------------------------------------------------------------------------------------------------


def test_orphans_are_reported_failed_on_and_pruned(project, run_build):
    root = project({"a.py": CNN, "b.py": OTHER, "mine_jvp.py": "x = 1\n"})
    run_build(root)
    (root / "b.py").unlink()
    told, _ = run_build(root)
    assert codes(told) == ["JVP910"]
    assert not told.report.has_errors
    checked, _ = run_build(root, check=True, dry=True, prune=True)
    assert checked.report.has_errors
    assert (root / "b_jvp.py").exists()
    pruned, _ = run_build(root, prune=True)
    assert actions(pruned) == {"a_jvp.py": "unchanged", "b_jvp.py": "deleted"}
    assert (root / "mine_jvp.py").exists()


def test_orphans_in_a_mirrored_tree(project, run_build):
    root = project({"models/a.py": CNN, "models/b.py": OTHER})
    run_build(root, "models", output="out")
    (root / "models/b.py").unlink()
    done, _ = run_build(root, "models", output="out", prune=True)
    assert actions(done) == {"a_jvp.py": "unchanged", "b_jvp.py": "deleted"}


def test_an_edited_orphan_is_not_deleted(project, run_build):
    root = project({"a.py": CNN})
    run_build(root)
    with (root / "a_jvp.py").open("a") as file:
        file.write("EXTRA = 1\n")
    (root / "a.py").unlink()
    done, _ = run_build(root, prune=True)
    assert codes(done) == ["JVP905"]
    assert (root / "a_jvp.py").exists()
