"""The rooms and their doors (`jvpgen/` in reading order): who may import whom, and how large a file may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "jvpgen"
FILES = sorted(PACKAGE.rglob("*.py"))

# Each room may import those below it, never one above.
ORDER = (
    *(
        "__main__",
        "cli",
        "project",
        "pipeline",
        "emit",
        "forward",
        "analysis",
        "rules",
        "ir",
        "source",
        "diagnostics",
    ),
    *("version", "marking"),
)
# What generated code runs on stands beside that order: it reads these rooms, and none of them reads it.
BESIDE = {
    "__init__": {"runtime", "marking", "version"},
    "runtime": {"rules", "project", "pipeline", "source", "diagnostics", "marking", "version"},
    "verify": {"runtime", "rules", "project", "pipeline", "source", "diagnostics"},
    "review": {"project", "pipeline", "source", "ir", "diagnostics"},
    "testing": {"runtime", "verify"},
}
# The place of a diagnostic is a `Span`, the one thing that the lowest room takes from the one above it.
EXCEPTIONS = {("diagnostics", "jvpgen.source.span"), ("marking", "jvpgen.runtime.install")}
NUMERIC = {"jax", "jaxlib", "flax", "numpy", "optax", "einops"}


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The module that a `from` import names, as an absolute name."""
    package = path.relative_to(PACKAGE.parent).with_suffix("").parts[: -node.level] if node.level else ()
    return ".".join([*package, *filter(None, [node.module])])


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere, also inside functions; names under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            yield from (f"{module}.{alias.name}" if module == "jvpgen" else module for alias in node.names)


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=path.relative_to(PACKAGE).as_posix()) for path in paths]


@pytest.mark.parametrize("path", named(FILES))
def test_imports_never_turn_back(path):
    own = room(path)
    for module in imports(path):
        if not module.startswith("jvpgen.") or (own, module) in EXCEPTIONS:
            continue
        other = module.split(".")[1]
        if other == own:
            continue
        if own in BESIDE:
            assert other in BESIDE[own], f"{own} imports {module}"
        elif other in ORDER:
            assert ORDER.index(other) > ORDER.index(own), f"{own} imports {module}"
        else:
            assert other in ("__version__", "derive"), f"{own} imports {module}"


@pytest.mark.parametrize("path", named(FILES))
def test_who_may_import_what(path):
    own = room(path)
    tops = {module.split(".")[0] for module in imports(path)}
    if own not in ("runtime", "verify", "testing"):
        assert not tops & NUMERIC
    if own != "cli":
        assert "rich" not in tops


@pytest.mark.parametrize("path", named([path for path in FILES if room(path) not in ("cli", "__main__")]))
def test_only_the_command_line_prints_exits_or_reads_its_arguments(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("print", "input", "exit", "sys.exit", "breakpoint")
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in ("sys.argv", "sys.stdout", "sys.stderr")


@pytest.mark.parametrize("path", named(FILES))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text("utf-8")
    assert text.count("\n") < 500
    assert not re.search(r"(^|_)(utils?|helpers?|common|misc)$", path.stem)
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "no docstring"


def test_every_room_is_in_the_order():
    assert {room(path) for path in FILES} <= {*ORDER, *BESIDE}
