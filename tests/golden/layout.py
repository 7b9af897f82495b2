"""Measures of generated text: the length of its bodies beside their sources, and the runtime's names that it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_RUNTIME = "jvpgen.runtime"


@dataclass(frozen=True)
class Body:
    """A generated body and the function that it was made from."""

    name: str
    lines: int
    source_lines: int


def runtime_names(module: ast.Module) -> set[str]:
    """What a generated file imports from the runtime, formulas aside."""
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.module == _RUNTIME]
    return {alias.name for node in imports for alias in node.names}


def bodies(text: str, source: str) -> Iterator[Body]:
    """The bodies of a generated file that were made from functions of its source."""
    functions = _functions(ast.parse(source))
    for node in ast.parse(text).body:
        target = _target(node) if isinstance(node, ast.FunctionDef) else None
        if target is not None:
            made_from = functions.get(target) or functions.get(f"{target}.__call__")
            if made_from is not None:
                yield Body(target, _code_lines(node, text), _code_lines(made_from, source))


def _functions(module: ast.Module) -> dict[str, ast.FunctionDef]:
    """Functions and methods by their dotted names."""
    found: dict[str, ast.FunctionDef] = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            found.update({f"{node.name}.{method.name}": method for method in methods})
    return found


def _target(node: ast.FunctionDef) -> str | None:
    """What stands in `@body(...)`."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "body" and decorator.args:
            return ast.unparse(decorator.args[0])
    return None


def _code_lines(node: ast.stmt, text: str) -> int:
    """How many lines of a definition hold code."""
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)
