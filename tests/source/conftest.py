"""Small projects on disk: file names and texts enter, a `Reach` over them leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Reach


@pytest.fixture
def project(tmp_path) -> Callable[..., Reach]:
    def write(files: dict[str, str], **options) -> Reach:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return Reach(tmp_path, **options)

    return write


def source(reach: Reach, name: str) -> SourceModule:
    found = reach.load(Path(reach.root, name))
    assert isinstance(found, SourceModule), found
    return found
