"""`[tool.jvpgen]`: read, and every mistake named with its place."""

from __future__ import annotations

import pytest

from jvpgen.diagnostics.report import Report
from jvpgen.project.configuration import Config, read_config


def read(root):
    report = Report()
    return read_config(root, report), [(found.code, str(found.span), found.message + found.remedy) for found in report]


def test_no_file_no_table_and_an_empty_table_mean_the_defaults(project):
    root = project({})
    assert read(root) == (Config(), [])
    project({"pyproject.toml": "[tool.jvpgen]\n"})
    assert read(root) == (Config(), [])
    (root / "pyproject.toml").unlink()
    assert read(root) == (Config(), [])


def test_all_keys(project):
    root = project(
        {
            "pyproject.toml": '[tool.jvpgen]\ninclude = ["models"]\nexclude = ["old/"]\noutput = "out"\n'
            'follow = ["mylib"]\nline-length = 100\nnamespace-packages = ["src/ns"]\n'
            'rules = ["mylib.jvp_rules"]\n'
        }
    )
    assert read(root) == (Config(("models",), ("old/",), "out", ("mylib",), 100, ("src/ns",), ("mylib.jvp_rules",)), [])


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("line_length = 100", "JVP911", "Did you mean `line-length`?"),
        ("palette = 1", "JVP911", "The keys are include, exclude"),
        ('include = "models"', "JVP912", "`include` is the string 'models', but must be a list of strings"),
        ("exclude = [1]", "JVP912", "a list of strings"),
        ('exclude = ["!"]', "JVP912", "a pattern as in .gitignore"),
        ("output = true", "JVP912", "`output` is the boolean true"),
        ("line-length = true", "JVP912", "a whole number from 40 to 320"),
        ("line-length = 4", "JVP912", "is the number 4"),
        ("line-length = 90.5", "JVP912", "is the number 90.5"),
    ],
)
def test_a_mistake_is_named_with_its_place(project, line, code, words):
    root = project({"pyproject.toml": f'[project]\nname = "x"\n\n[tool.jvpgen]\nfollow = ["a"]\n{line}\n'})
    config, found = read(root)
    assert config == Config(follow=("a",))
    assert [(item[0], item[1]) for item in found] == [(code, "pyproject.toml:6:1")]
    assert words in found[0][2]


def test_all_mistakes_are_named_at_once(project):
    root = project({"pyproject.toml": "[tool.jvpgen]\nfolow = []\ninclude = 1\n"})
    assert [item[0] for item in read(root)[1]] == ["JVP911", "JVP912"]


@pytest.mark.parametrize("text", ["[tool.jvpgen\n", "[tool]\njvpgen = 1\n", "caf\udce9 = 1\n"])
def test_a_file_that_is_no_toml(project, text):
    _, found = read(project({"pyproject.toml": text}))
    assert found[0][0] in ("JVP912", "JVP913")


def test_toml_errors_have_a_place(project):
    _, found = read(project({"pyproject.toml": "[tool.jvpgen]\ninclude = [\n  'a' 'b'\n]\n"}))
    assert found[0][:2] == ("JVP913", "pyproject.toml:3:7")
