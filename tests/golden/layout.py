"""Measures of generated text: the length of its bodies beside their sources, and the runtime's names that it uses."""

from __future__ import annotations

import ast
from dataclasses import dataclass

_RUNTIME = "jvpgen.runtime"


@dataclass(frozen=True)
class Sizes:
    """Lines of code of generated bodies, and of the classes and functions that they were made from."""

    lines: int
    source_lines: int


def runtime_names(module: ast.Module) -> set[str]:
    """What a generated file imports from the runtime, formulas aside."""
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.module == _RUNTIME]
    return {alias.name for node in imports for alias in node.names}


def sizes(text: str, source: str) -> Sizes:
    """The size of a generated file beside that of its source."""
    definitions = {
        node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    bodies = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and _target(node)]
    made_from = {str(_target(node)).split(".")[0] for node in bodies}
    return Sizes(
        sum(_code_lines(node, text) for node in bodies),
        sum(_code_lines(definitions[name], source) for name in made_from if name in definitions),
    )


def _target(node: ast.FunctionDef) -> str | None:
    """What stands in `@body(...)`."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "body" and decorator.args:
            return ast.unparse(decorator.args[0])
    return None


def _code_lines(node: ast.stmt, text: str) -> int:
    """How many lines of a definition hold code, decorators aside."""
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)
