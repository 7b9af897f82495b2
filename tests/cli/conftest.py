"""The command line with the simple compiler in the place of the real one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jvpgen.cli.main import main
from jvpgen.project import compiler
from tests.project.simple_compiler import SimpleCompiler

RunMain = Callable[..., tuple[int, str, str]]


@pytest.fixture
def jvpgen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunMain:
    """`jvpgen("--check", "models")`: the exit code, stdout and stderr."""
    monkeypatch.setattr(
        compiler, "of", lambda layout, everything, inspecting=False: SimpleCompiler(layout.root, everything)
    )

    def run(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        out, err = capsys.readouterr()
        return code, out, err

    return run
