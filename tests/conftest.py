"""What all tests share: the processor as JAX's platform, an empty project folder to work in, `--update-golden`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")

WriteFiles = Callable[[Mapping[str, str]], Path]

_CHANGES = pytest.StashKey[list[str]]()


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


# --- pytest --update-golden -------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the files of golden/ as the compiler writes them now"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Updates before anything is collected, once: xdist's workers find it done."""
    if not config.getoption("--update-golden") or hasattr(config, "workerinput"):
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(
            "--update-golden is refused where CI is set: golden files are made by hand and reviewed"
        )
    from tests.golden.update import updated

    config.stash[_CHANGES] = updated()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    changes = config.stash.get(_CHANGES, None)
    if changes is not None:
        terminalreporter.section("golden files")
        terminalreporter.write_line("\n".join(changes) or "nothing changed")
