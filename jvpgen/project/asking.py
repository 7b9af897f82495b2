"""Which of many files can ask for a derivative: texts enter, the files that are worth parsing leave.

`derive` has the word `jvpgen` or the word `derive` beside it, unless another file of the project gives it another name
(`from jvpgen import derive as mark`). Such names are looked for in the whole project, and only if some file has a
decorator and neither word.
"""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jvpgen.project.files import Layout, project_files

_WORDS = (b"jvpgen", b"derive")
_DECORATOR = re.compile(rb"(?m)^[ \t]*@")


def that_may_ask(found: Sequence[Path], layout: Layout) -> list[Path]:
    """Those of the files `found` that can hold `@jvpgen.derive` in any spelling, in their order."""
    texts = {path: _text(path) for path in found}
    undecided = [path for path, text in texts.items() if not _has_words(text) and _DECORATOR.search(text or b"")]
    if not undecided:
        return [path for path in found if _has_words(texts[path])]
    words = [name.encode() for name in (*_other_names(layout), *layout.config.follow)]
    telling = re.compile(rb"\b(?:" + b"|".join(map(re.escape, words)) + rb")\b") if words else None
    asking = {path for path in undecided if telling is not None and telling.search(texts[path] or b"")}
    return [path for path in found if path in asking or _has_words(texts[path])]


def _text(path: Path) -> bytes | None:
    """What the file holds; None if that cannot be read: reading it properly will say why not."""
    try:
        return path.read_bytes() if os.path.isfile(path) else None
    except OSError:
        return None


def _has_words(text: bytes | None) -> bool:
    return text is None or any(word in text for word in _WORDS)


# --- Other names ------------------------------------------------------------------------------------------------------


def _other_names(layout: Layout) -> set[str]:
    """The names that files of the project give to `derive`, and to what already has such a name."""
    texts = [text for path in project_files(layout) if (text := _text(path)) is not None]
    known, latest = {"derive"}, {"derive"}
    while latest:
        words = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in latest) + rb")\b")
        given = {name for text in texts if words.search(text) for name in _renamed(text, known)}
        latest = given - known
        known |= latest
    return known - {"derive"}


def _renamed(text: bytes, known: set[str]) -> Iterator[str]:
    """The names that a file gives to what it knows under one of the names `known`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from re.findall(rf"\b(?:{'|'.join(known)})\s+as\s+(\w+)", text.decode("utf-8", "replace"))
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname for alias in node.names if alias.asname and alias.name in known)
        elif isinstance(node, ast.Assign) and _is_known(node.value, known):
            yield from _targets(node.targets)
        elif isinstance(node, ast.AnnAssign) and node.value is not None and _is_known(node.value, known):
            yield from _targets([node.target])


def _is_known(value: ast.expr, known: set[str]) -> bool:
    """Whether an expression is `derive`, `derive(…)`, or a display that holds one of these."""
    if isinstance(value, ast.Tuple | ast.List):
        return any(_is_known(item, known) for item in value.elts)
    function = value.func if isinstance(value, ast.Call) else value
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    return name in known


def _targets(targets: Iterable[ast.expr]) -> Iterator[str]:
    return (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
