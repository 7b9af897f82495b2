"""A build of the test's project with the simple compiler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jvpgen.diagnostics.report import Report
from jvpgen.project.build import Build, build
from jvpgen.project.configuration import read_config
from jvpgen.project.files import Layout
from jvpgen.project.outcome import Switches
from tests.project.simple_compiler import SimpleCompiler

RunBuild = Callable[..., tuple[Build, SimpleCompiler]]


@pytest.fixture
def run_build() -> RunBuild:
    """`run_build(root, "models", check=True, output="out")`: the build and the compiler that it used."""

    def run(root: Path, *paths: str, output: str | None = None, **switches: bool) -> tuple[Build, SimpleCompiler]:
        layout = Layout(root, read_config(root, Report()), root / output if output else None)
        compiler = SimpleCompiler(root, switches.get("all", False))
        done = build([root / path for path in paths or (".",)], layout, compiler, Switches(**switches))
        return done, compiler

    return run
