"""The keys of a generated file: short hashes that say whether text has changed, and whether it means the same.

    text=        the raw text of a definition and of all it uses     equal: nothing to do
    source=      their tokens, layout, comments and docstrings aside different: the derivative is stale
    generator=   rules, configuration, version of the output         different: `--check` fails, nothing stops
    body=        the tokens of the generated text, imports apart     different: someone edited it by hand

`parts` below are texts, or what `definitions` gives for a file and a name. All keys are the same in every environment.
"""

from __future__ import annotations

import ast
import hashlib
import re
import textwrap
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jvpgen.project.configuration import Config

OUTPUT_VERSION = 1  # raised whenever jvpgen writes other text for the same source, rules and configuration


def text_key(parts: Iterable[str]) -> str:
    """The key of raw texts; their order does not count, nor do repetitions."""
    return _short(sorted({_hash(part.encode("utf-8", "surrogatepass")) for part in parts}))


def source_key(parts: Iterable[str]) -> str:
    """The key of what texts say. A text that is no Python counts as it stands."""
    return _short(sorted({_token_hash(part, False) for part in parts}))


def body_key(parts: Iterable[str]) -> str:
    """The key of pieces of generated text, whose order does not count: import sorters move them."""
    return _short(sorted({_token_hash(part, True) for part in parts}))


def generator_key(config: Config, rules: Iterable[object] = ()) -> str:
    """The key of everything besides the source that decides the output. `rules` are told apart by their `repr`."""
    settings = (
        OUTPUT_VERSION,
        config.line_length,
        sorted(config.follow),
        sorted(config.namespace_packages),
        config.custom_vjp,
    )
    return _short([repr(settings), *sorted(map(repr, rules))])


@lru_cache(maxsize=4096)
def _token_hash(text: str, docstrings: bool) -> str:
    import libcst as cst  # not above: where no text has changed, running programs compare raw texts only

    from jvpgen.project.tokens import words

    try:
        tree = cst.parse_module(textwrap.dedent(text))
    except (cst.ParserSyntaxError, RecursionError, ValueError):
        return _hash(text.encode("utf-8", "surrogatepass"))
    stream = "\n".join(word.replace("\\", "\\\\").replace("\n", "\\n") for word in words(tree, docstrings=docstrings))
    return _hash(stream.encode("utf-8", "surrogatepass"))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _short(texts: Iterable[str]) -> str:
    return _hash("\n".join(texts).encode("utf-8", "surrogatepass"))[:12]


# --- The parts of a file ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def definitions(text: str) -> Mapping[str, str]:
    """The raw text of the top-level statements that bind each name of a file: definitions, imports, assignments.

    Decorators belong to a definition, and comments inside it; comments between statements belong to none. A name that
    is bound more than once has all of its statements. `*` stands for star imports, "" for what binds no name.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    statements = _statements(text)
    lines = text.split("\n")
    texts: dict[str, str] = {}
    for (start, names), (end, _) in pairwise([*statements, (len(lines) + 1, ())]):
        block = _without_trailing_comments(lines[start - 1 : max(end, start + 1) - 1])
        for name in names or ("",):
            texts[name] = texts.get(name, "") + block
    return texts


def _without_trailing_comments(lines: list[str]) -> str:
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].startswith("#")):
        lines = lines[:-1]
    return "\n".join(lines).rstrip() + "\n"


def _statements(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """First line and bound names of each top-level statement, the same whichever parser reads it."""
    try:
        return [(_first_line(node), _bound(node)) for node in ast.parse(text).body]
    except (SyntaxError, ValueError, RecursionError):
        return _statements_in_newer_syntax(text)


def _statements_in_newer_syntax(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """For a file ahead of the Python that runs here: libcst tells its statements apart, `ast` reads most of them."""
    import libcst as cst

    try:
        tree = cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError):
        return []
    found = []
    line = 1 + len(tree.header)
    for statement in tree.body:
        code = tree.code_for_node(statement)
        start = line + len(statement.leading_lines)
        line += code.count("\n")
        try:
            found.append((start, tuple(sorted({name for node in ast.parse(code).body for name in _bound(node)}))))
        except SyntaxError:
            names = re.findall(r"^(?:async def|def|class|type)\s+(\w+)", code, re.MULTILINE)
            found.append((start, tuple(names[:1])))
    return found


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _bound(statement: ast.AST) -> tuple[str, ...]:
    """The names that a statement binds in its own scope, those of its branches included."""
    return tuple(sorted(set(_binding_names(statement))))


def _binding_names(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import():
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        case ast.ImportFrom():
            yield from (alias.asname or alias.name for alias in node.names)
        case ast.Name(ctx=ast.Store()):
            yield node.id
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _binding_names(child)
