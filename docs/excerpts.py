"""Brings the excerpts in README.md and docs/ up to date with the files that they are from: `python docs/excerpts.py`.

An excerpt is a fenced block under `<!-- from: FILE NAME -->`: the class, function or method of that name, as in
`VAE.__call__`, decorators included.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_EXCERPT = re.compile(
    r"(?<=^<!-- from: )(?P<file>\S+) (?P<name>\S+)( -->\n```python\n).*?(?=^```$)", re.DOTALL | re.MULTILINE
)


def renewed(page: str) -> str:
    """The page with its excerpts as they are in the files now."""
    return _EXCERPT.sub(
        lambda found: f"{found['file']} {found['name']}{found[3]}{_definition(*found.group(1, 2))}", page
    )


def _definition(file: str, name: str) -> str:
    text = (ROOT / file).read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = next((inner for inner in ast.iter_child_nodes(node) if getattr(inner, "name", None) == part), None)
        if node is None:
            raise LookupError(f"{file} has no {name}")
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n"


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
