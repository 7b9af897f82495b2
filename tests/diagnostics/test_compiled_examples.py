"""The catalogue's examples about programs do what they say: the bad one brings its code, the good one nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from jvpgen.diagnostics.catalogue import CATALOGUE
from jvpgen.diagnostics.entry import Entry
from tests.diagnostics.test_catalogue import reported

ENTRIES = [entry for entry in CATALOGUE.values() if not entry.code.startswith("JVP9")]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_examples_about_programs(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.code in reported(entry.bad, tmp_path / "bad", monkeypatch, capsys)
    assert reported(entry.good, tmp_path / "good", monkeypatch, capsys) == set()
