"""Measures of generated text: the length of its bodies beside their sources, and the runtime's names that it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_RUNTIME = "jvpgen.runtime"


@dataclass(frozen=True)
class Sizes:
    """Lines of generated bodies, and of the functions and methods that they were made from."""

    lines: int
    source_lines: int


def runtime_names(module: ast.Module) -> set[str]:
    """What a generated file imports from the runtime, formulas aside."""
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.module == _RUNTIME]
    return {alias.name for node in imports for alias in node.names}


def sizes(text: str, source: str) -> Sizes:
    """The size of a generated file's bodies beside that of the functions and methods that they were made from."""
    functions = dict(_functions(ast.parse(source).body))
    bodies = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and _target(node)]
    made_from = [functions[name] for node in bodies if (name := _in_source(str(_target(node)))) in functions]
    return Sizes(sum(_lines(node, text) for node in bodies), sum(_lines(node, source) for node in made_from))


def _functions(statements: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods of a file by their qualified names; a class is called as its `__call__`."""
    for node in statements:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield (prefix.removesuffix(".") if node.name == "__call__" else f"{prefix}{node.name}"), node
        elif isinstance(node, ast.If | ast.Try):
            yield from _functions(node.body, prefix)


def _in_source(target: str) -> str:
    """A target as the source names it: `Guarded._Guarded__scaled` is its `__scaled`."""
    owner, _, name = target.rpartition(".")
    private = f"_{owner.rpartition('.')[2].lstrip('_')}__"
    return f"{owner}.__{name.removeprefix(private)}" if name.startswith(private) else target


def _target(node: ast.FunctionDef) -> str | None:
    """What stands in `@body(...)`, under whatever name the file has for it."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in ("body", "body_") and decorator.args:
            return ast.unparse(decorator.args[0])
    return None


def _lines(node: ast.stmt, text: str) -> int:
    """How many lines a definition has from its `def` on, with its comments and docstring, and without empty ones."""
    return sum(bool(line.strip()) for line in text.splitlines()[node.lineno - 1 : node.end_lineno])
