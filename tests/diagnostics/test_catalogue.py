"""The catalogue is complete and well formed, and the examples about files do what they say.

The examples of the other families are compiled where the compiler is tested.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from jvpgen.cli.main import main
from jvpgen.diagnostics.catalogue import CATALOGUE, STRICT_CODES, diagnostic, nearest_codes
from jvpgen.diagnostics.entry import Entry, Example
from jvpgen.project import compiler
from tests.conftest import write_files
from tests.project.simple_compiler import SimpleCompiler

ENTRIES = list(CATALOGUE.values())
ABOUT_FILES = [entry for entry in ENTRIES if entry.code.startswith("JVP9") and entry.bad.staged]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_entries_are_well_formed(entry: Entry):
    assert re.fullmatch(r"JVP[1-59]\d\d", entry.code)
    assert entry.title[0].islower() or entry.title.startswith("nnx")
    assert not entry.title.endswith(".")
    assert entry.cause.endswith(".")
    assert entry.remedy.endswith(".")
    assert entry.bad != entry.good
    assert entry.strict <= (entry.severity == "warning")


def test_codes_are_in_order():
    assert [entry.code for entry in ENTRIES] == sorted(CATALOGUE)


def test_every_code_used_in_the_program_is_in_the_catalogue():
    package = Path(__file__).parents[2] / "jvpgen"
    used = {code for path in package.rglob("*.py") for code in re.findall(r"\bJVP\d{3}\b", path.read_text("utf-8"))}
    assert used <= set(CATALOGUE)


def test_diagnostics_take_severity_and_remedy_from_their_code():
    found = diagnostic("JVP401", "a message")
    assert (found.severity, found.remedy) == ("warning", CATALOGUE["JVP401"].remedy)
    assert diagnostic("JVP401", "a message", remedy="").remedy == ""
    assert "JVP401" in STRICT_CODES


def test_nearest_codes():
    assert "JVP102" in nearest_codes("jvp1o2")


@pytest.mark.parametrize("entry", ABOUT_FILES, ids=lambda entry: entry.code)
def test_examples_about_files(entry: Entry, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        compiler, "of", lambda layout, everything, inspecting=False: SimpleCompiler(layout.root, everything)
    )
    assert entry.code in reported(entry.bad, tmp_path / "bad", monkeypatch, capsys)
    assert reported(entry.good, tmp_path / "good", monkeypatch, capsys) == set()


def reported(example: Example, folder: Path, monkeypatch, capsys) -> set[str]:
    """The codes that the example's command reports."""
    write_files(folder, {"pyproject.toml": "", **example.files})
    monkeypatch.chdir(folder)
    if example.edits is not None:
        assert main(["--quiet", "."]) == 0
    for name, text in (example.edits or {}).items():
        path = folder / name
        path.unlink() if text is None else path.write_text(path.read_text("utf-8") + text, "utf-8")
    capsys.readouterr()
    main(shlex.split(example.command))
    return set(re.findall(r"\[(JVP\d+)\]", capsys.readouterr().err))
