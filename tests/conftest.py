"""What all tests share: the processor as JAX's platform, and an empty project folder to work in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")

WriteFiles = Callable[[Mapping[str, str]], Path]


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes texts below `folder`; a lone surrogate in a text stands for a byte."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteFiles:
    """Writes files into an empty folder, which is also the current one, and returns it.

    The folder holds a pyproject.toml, so that the project ends there whatever lies above.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'example'\n")
    return lambda files: write_files(tmp_path, files)
