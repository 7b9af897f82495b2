"""What README and docs/ show is true: excerpts are up to date, Python runs, commands exist, links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import excerpts, write_diagnostics
from jvpgen.cli import options
from jvpgen.project.configuration import KEYS
from tests.examples.documents import Block, blocks

PAGES, ROOT = excerpts.PAGES, excerpts.ROOT

_every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@_every_page
def test_excerpts_are_what_their_files_say(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == excerpts.renewed(text), "run  python docs/excerpts.py"


@_every_page
def test_python_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of one page after another, as a reader would type them."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page):
        if block.language == "python" and not block.is_excerpt:
            exec(compile("\n" * block.line + block.text, str(page), "exec"), names)


@_every_page
def test_commands_exist(page: Path) -> None:
    """Every `python -m jvpgen …`, in blocks and in the text."""
    for command in re.findall(r"python -m jvpgen((?: [\w./<>-]+)*)", page.read_text(encoding="utf-8")):
        options.parse(command.split())


def test_configurations_are_what_jvpgen_reads() -> None:
    for block in _of_language("toml"):
        assert set(tomllib.loads(block.text)["tool"]["jvpgen"]) <= set(KEYS)
    offered = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    for block in _of_language("yaml"):
        asked = {hook["id"] for repository in yaml.safe_load(block.text)["repos"] for hook in repository["hooks"]}
        assert asked <= offered


@_every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_page_of_diagnostics_is_that_of_the_catalogue() -> None:
    assert write_diagnostics.PAGE.read_text(encoding="utf-8") == write_diagnostics.page(), (
        "run  python docs/write_diagnostics.py"
    )


def _of_language(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]
