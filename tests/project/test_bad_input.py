"""What stands in the way of files and folders is said, with the compiler itself: no traceback, no wait without end."""

from __future__ import annotations

import os
import re

import pytest

from jvpgen.cli.main import main

MODEL = """\
import flax.linen as nn
import jvpgen


@jvpgen.derive
class M(nn.Module):
    @nn.compact
    def __call__(self, x):
        return 2 * x
"""


def codes(capsys) -> list[str]:
    return re.findall(r"\[(JVP\d+)\]", capsys.readouterr().err)


@pytest.mark.parametrize("name", ["my-model.py", "class.py", "sp ace.py", "1st.py"])
def test_names_that_cannot_be_imported(project, capsys, name):
    project({name: MODEL, "plain-text.py": "x = 1\n", "my-folder/model.py": MODEL, "class/model.py": MODEL})
    assert main(["."]) == 1
    assert codes(capsys) == ["JVP108"]
    assert main(["my-folder", "class"]) == 0


def test_a_folder_that_is_a_package_with_no_name(project, capsys):
    root = project({"my-pkg/__init__.py": "", "my-pkg/model.py": MODEL})
    assert main(["."]) == 0
    assert "\nfrom .model import M\n" in (root / "my-pkg/model_jvp.py").read_text()
    assert main(["--output", "out", "."]) == 1
    assert codes(capsys) == ["JVP108"]


def test_pipes_are_never_opened(project, capsys):
    root = project({"model.py": MODEL, "other.py": MODEL})
    for name in ("pipe.py", "pipe_jvp.py", "model_jvp.py", ".gitignore"):
        os.mkfifo(root / name)
    assert main(["."]) == 1
    err = capsys.readouterr().err
    assert "`model_jvp.py` is no regular file" in err
    assert "`pipe.py` is no regular file" in err
    assert "written other_jvp.py" in err
    assert main(["--check", "."]) == 1
    assert main(["pipe.py"]) == 1


def test_a_link_to_nothing_is_not_written_through(project, capsys, tmp_path_factory):
    root = project({"model.py": MODEL})
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "folder/file.py"
    (root / "model_jvp.py").symlink_to(elsewhere)
    for arguments in ([], ["--force"], ["--check"]):
        assert main([*arguments, "model.py"]) == 1
        assert codes(capsys) == ["JVP906"]
    assert not elsewhere.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0 and os.access("/proc/1/mem", os.R_OK), reason="root reads every folder")
def test_unreadable_folders(project, capsys):
    root = project({"model.py": MODEL, "closed/model.py": MODEL})
    (root / "closed").chmod(0)
    try:
        for paths in (["closed"], ["."], ["closed/model.py"]):
            assert main(paths) != 0
            assert "error[JVP90" in capsys.readouterr().err
    finally:
        (root / "closed").chmod(0o755)


def test_folders_that_the_system_refuses_to_list(project, capsys, monkeypatch):
    root = project({"model.py": MODEL, "closed/model.py": MODEL})
    listed = os.scandir

    def scandir(path=".", *rest):
        if str(path) == str(root / "closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path, *rest)

    monkeypatch.setattr(os, "scandir", scandir)
    assert main(["."]) == 1
    assert "cannot read the folder `closed`: Permission denied" in capsys.readouterr().err


def test_what_stands_in_a_file_that_cannot_be_read(project, capsys):
    model = """\
import flax.linen as nn
import jvpgen
from pkg import act
from text import Base, other


@jvpgen.derive
class M(nn.Module):
    def __call__(self, x):
        return act(x) + other(x)


@jvpgen.derive
class N(Base):
    pass
"""
    files = {"pkg/__init__.py": "from .bad import act\n", "pkg/bad.py": "def act(x):\n    return (x\n"}
    project({**files, "text.py": "# \udcff\n", "model.py": model})
    assert main(["model.py"]) == 1
    err = capsys.readouterr().err
    assert "`pkg.bad.act` stands in a file with an error" in err
    assert "note: at pkg/bad.py:2:12: syntax error" in err
    assert "note: at text.py:1:3: `text.py` is not valid UTF-8" in err
    assert "its base `text.Base` is in a file with an error, at text.py:1:3" in err
    assert "name the function's package" not in err


def test_files_that_do_not_ask_are_read_if_they_are_named(project, capsys):
    project({"model.py": MODEL, "bad.py": "x = (\n"})
    assert main(["."]) == 0
    assert main(["bad.py"]) == 1
    assert main(["./bad.py", "."]) == 1
    project({"pyproject.toml": f'[tool.jvpgen]\ninclude = ["../{os.path.basename(os.getcwd())}/bad.py"]\n'})
    assert main([]) == 1


# --- Options of derive ------------------------------------------------------------------------------------------------

NAMED = """\
import flax.linen as nn
import jvpgen


def helper(x):
    return abs(x) * 2


@jvpgen.derive
class M(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2, name="lora_a")(helper(x))


@jvpgen.derive({options})
class N(nn.Module):
    width: int = 2
    inner: {annotation} = None

    @nn.compact
    def __call__(self, x):
        count = self.variable("stats", "count", int)
        return M()(x) * self.param("scale", nn.initializers.ones, ()) * abs(self.width)
"""


@pytest.mark.parametrize("name", ["nn", "pushforward", "_M", "M", "M_jvp", "apply_jvp", "_helper", "abs"])
def test_names_that_the_generated_file_has_already(project, capsys, name):
    root = project({"model.py": NAMED.format(options=f'name="{name}"', annotation="int")})
    assert main(["."]) == 1
    assert codes(capsys) == ["JVP104"]
    assert not (root / "model_jvp.py").exists()


@pytest.mark.parametrize("name", ["class", "not a name", "1st", "None"])
def test_names_that_are_none(project, capsys, name):
    project({"model.py": NAMED.format(options=f'name="{name}"', annotation="int")})
    assert main(["."]) == 1
    assert codes(capsys) == ["JVP106"]


@pytest.mark.parametrize(
    ("pattern", "annotation", "found"),
    [
        ("nope/**", "int", ["JVP106"]),
        ("params/**/lora_b*", "int", ["JVP106"]),
        ("params/nope", "int", ["JVP106"]),
        ("params/scale/**/x", "int", ["JVP106"]),
        ("params/**", "int", []),
        ("**/lora_*/**", "int", []),
        ("params/M_0/lora_a/kernel", "int", []),
        ("params/*", "int", []),
        ("stats/count", "int", []),
        ("**", "int", []),
        ("nope/**", "nn.Module", []),  # what comes in through a field may hold anything
    ],
)
def test_patterns_that_match_nothing(project, capsys, pattern, annotation, found):
    project({"model.py": NAMED.format(options=f'variables=("{pattern}",), name="narrow_jvp"', annotation=annotation)})
    assert main(["."]) == bool(found)
    assert codes(capsys) == found


# --- Files that belong together ---------------------------------------------------------------------------------------

HELPERS = """\
import jax.numpy as jnp


def spectrum(x):
    return jnp.linalg.svd(x, full_matrices=False)[1]


def double(x):
    return 2 * x
"""


def test_strict_writes_no_file_whose_bodies_are_refused_elsewhere(project, capsys):
    uses = MODEL.replace("import jvpgen\n", "import jvpgen\nfrom helpers import {0}\n").replace("2 * x", "{0}(x)")
    root = project(
        {
            "helpers.py": HELPERS,
            "first.py": uses.format("spectrum"),
            "second.py": f"from first import M\n{MODEL.replace('class M', 'class N').replace('2 * x', 'M()(x)')}",
            "third.py": MODEL,
        }
    )
    assert main(["--strict", "."]) == 1
    assert "1 written, 2 not written, 1 error" in capsys.readouterr().err
    assert sorted(path.name for path in root.glob("*_jvp.py")) == ["third_jvp.py"]
    assert main(["."]) == 0
    assert len(list(root.glob("*_jvp.py"))) == 4
    assert main(["--strict", "--prune", "."]) == 1  # what was there before stays
    assert len(list(root.glob("*_jvp.py"))) == 4


def test_two_projects_with_one_output(project, capsys):
    root = project(
        {
            **{f"{name}/pyproject.toml": "" for name in ("one", "two")},
            **{f"{name}/model.py": MODEL for name in ("one", "two")},
            **{f"{name}/only_{name}.py": MODEL for name in ("one", "two")},
        }
    )
    for _ in range(2):
        assert main(["--prune", "--output", "out", "one", "two"]) == 1
        err = capsys.readouterr().err
        assert "error[JVP104]: `one/model.py` and `two/model.py` are both written to `model_jvp.py`" in err
        assert "deleted" not in err
        assert len(list((root / "out").glob("*_jvp.py"))) == 3
    assert main(["--output", "out", "one"]) == 0
    assert main(["one", "two"]) == 0


# --- Places -----------------------------------------------------------------------------------------------------------


def place(capsys) -> list[str]:
    """The code, and the place, of each diagnostic."""
    return re.findall(r"\[(JVP\d+)\].*\n +--> (.*)", capsys.readouterr().err)


def test_every_diagnostic_about_files_that_has_a_line_shows_it(project, capsys):
    root = project(
        {
            "pyproject.toml": '[tool.jvpgen]\ninclude = [\n    "model.py",\n    "gone",\n]\nfollow = ["not_here"]\n',
            "model.py": MODEL,
        }
    )
    main([])
    assert place(capsys) == [("JVP904", "pyproject.toml:4:5"), ("JVP202", "pyproject.toml:6:11")]
    (root / "pyproject.toml").write_text("")
    main(["--check", "."])
    assert place(capsys) == [("JVP909", "model.py:6:1")]
    main(["."])
    (root / "model.py").write_text(MODEL.replace("2 * x", "3 * x"))
    main(["--check", "."])
    ((code, where),) = place(capsys)
    assert code == "JVP908"
    assert "2 * x" in (root / "model_jvp.py").read_text().splitlines()[int(where.split(":")[1]) - 1]
    output = root / "model_jvp.py"
    output.write_text(output.read_text().replace("2 * x", "4 * x"))
    main(["."])
    ((code, where),) = place(capsys)
    assert code == "JVP905"
    assert output.read_text().splitlines()[int(where.split(":")[1]) - 1].startswith("def _M(")
    output.write_text("\nx = 1\n")
    main(["."])
    assert place(capsys) == [("JVP906", "model_jvp.py:2:1")]
    main(["--force", "."])
    (root / "model.py").unlink()
    main(["--check", "."])
    assert place(capsys)[-1] == ("JVP910", "model_jvp.py:1:1")


CIRCLES = {
    "one file": {"model.py": MODEL.replace("class M(nn.Module)", "class M(N)") + "\n\nclass N(M):\n    pass\n"},
    "two files": {
        "model.py": MODEL.replace("class M(nn.Module)", "class M(N)").replace(
            "import jvpgen", "import jvpgen\nfrom n import N"
        ),
        "n.py": "from model import M\n\n\nclass N(M):\n    pass\n",
    },
    "imports": {
        "model.py": MODEL.replace("class M(nn.Module)", "class M(N)").replace(
            "import jvpgen", "import jvpgen\nfrom n import N"
        ),
        "n.py": "from other import N\n",
        "other.py": "from n import N\n",
    },
}


@pytest.mark.parametrize("name", CIRCLES)
def test_circular_bases(project, capsys, name):
    project(CIRCLES[name])
    assert main(["model.py"]) == 1
    ((code, where),) = place(capsys)
    assert (code, where.split(":")[0]) == ("JVP201", "model.py")


CIRCULAR_CALLS = """\
import flax.linen as nn
import jax
import jvpgen
from functools import partial
from b import other as other2

f = g
g = f
h = partial(k, 1.0)
k = partial(h, 2.0)


def make(x):
    def inner(y):
        return again(y)

    def again(y):
        return inner(y) * x

    return inner


@jax.custom_jvp
def c(x):
    return d(x)


@jax.jit
def d(x):
    return c(x)


class A:
    def __call__(self, x):
        return B()(x)


class B:
    def __call__(self, x):
        return A()(x)


class E(nn.Module):
    def setup(self):
        self.f = F()

    def __call__(self, x):
        return self.f(x)


class F(nn.Module):
    def setup(self):
        self.e = E()

    def __call__(self, x):
        return self.e(x)


def over(xs):
    return [one(x) for x in xs]


def one(x):
    return jax.lax.cond(True, over, lambda y: y, x)


@jvpgen.derive
class M(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.zeros, (3,))
        return f(x) + g(x) + h(x) + k(x) + make(w)(x) + c(x) + d(x) + A()(x) + E()(x) + one(x) + other2(x)
"""


def test_calls_and_values_in_circles_come_to_an_end(project, capsys):
    project({"model.py": CIRCULAR_CALLS, "b.py": "from model import other2 as other\n"})
    assert main(["."]) == 1
    assert set(codes(capsys)) == {"JVP201", "JVP401"}
    assert main(["inspect", "."]) == 1
    assert "JVP999" not in capsys.readouterr().err
