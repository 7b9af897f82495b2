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
def test_a_body_is_shown_with_the_source_that_it_was_made_from(page: Path) -> None:
    """Of two excerpts after another from `cnn.py` and `cnn_jvp.py`, `_CNN` belongs to `CNN` or to a method of it."""
    named = [block.mark.split()[1:] for block in blocks(page) if block.is_excerpt]
    for pair in zip(named[::2], named[1::2], strict=True):
        (_, source), (_, body) = sorted(pair, key=lambda one: one[0].endswith("_jvp.py"))
        assert body == "_" + source.removesuffix(".__call__").replace(".", "_"), page.name


def test_statements_in_the_text_have_been_generated() -> None:
    page = ROOT / "docs" / "reading-generated-code.md"
    generated = [*(ROOT / "examples" / "models").glob("*_jvp.py"), *(ROOT / "golden").glob("*/expected.py")]
    code = [path.read_text(encoding="utf-8") for path in sorted(generated)]
    known = re.sub(r"\s+", "", "".join(code)).replace(",)", ")")
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for statement in re.findall(r"`([^`]*(?: = |pushforward\(|def )[^`]*)`", text):
        assert re.sub(r"\s+", "", statement).replace(",)", ")") in known, statement


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
