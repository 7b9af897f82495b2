"""Lowering and printing are inverse: what is read from a file says the same when it is printed."""

from __future__ import annotations

import ast
from pathlib import Path

import flax.linen
import libcst as cst
import pytest

from jvpgen.ir.lower import lower_expression, lower_function, parse_expression
from jvpgen.ir.show import show, show_statement

LINEN = sorted(Path(flax.linen.__file__).parent.glob("*.py"))


class _Functions(cst.CSTVisitor):
    def __init__(self) -> None:
        self.found: list[cst.FunctionDef] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.found.append(node)
        return False


@pytest.mark.parametrize("path", LINEN, ids=lambda path: path.stem)
def test_every_function_of_flax_survives(path: Path) -> None:
    finder = _Functions()
    cst.parse_module(path.read_text()).visit(finder)
    for node in finder.found:
        printed = "\n".join(show_statement(lower_function(node)))
        source = cst.Module([node.with_changes(leading_lines=())]).code
        assert ast.dump(ast.parse(printed)) == ast.dump(ast.parse(source)), node.name.value


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c)",
        "(a - b) - c",
        "-(a + b)",
        "-a ** 2",
        "(-a) ** 2",
        "a ** (b ** c)",
        "(a ** b) ** c",
        "not (a and b)",
        "(a or b) and c",
        "(a if b else c).d",
        "(lambda x: x)(y)",
        "x[a:b, ..., None]",
        "x[::2]",
        "x[(a, b)]",
        "f(*a, b=c, **d)",
        "f(x for x in y)",
        "f((x for x in y), z)",
        "[a for b in c if d for e in f]",
        "{**a, 'b': c}",
        "(a, *b)",
        "(a,)",
        "()",
        "(y := f(x)) + 1",
        "a < b <= c is not d",
        "1 .real",
        "(1).real",
        "'a' 'b'",
        "f'{x:>{width}}' 'b'",
        "await_ if a else b if c else d",
        "(a if b else c) if d else e",
        "a @ b @ c",
        "a * (b / c)",
        "~a & b | c ^ d",
    ],
)
def test_an_expression_keeps_its_meaning(text: str) -> None:
    printed = show(lower_expression(cst.parse_expression(text)))
    assert ast.dump(ast.parse(printed, mode="eval")) == ast.dump(ast.parse(text, mode="eval"))


def test_equality_looks_at_meaning_only() -> None:
    assert parse_expression("a+ b") == parse_expression("(a + b)")
    assert parse_expression("a + b") != parse_expression("a - b")


def test_comments_stay_with_their_statements() -> None:
    source = "def f(x):\n    # above\n    y = g(  # inside\n        x\n    )  # behind\n    return y\n"
    module = cst.parse_module(source)
    assert isinstance(module.body[0], cst.FunctionDef)
    first = lower_function(module.body[0]).body[0]
    assert first.comments == ("# above", "# inside")
    assert first.trailing == "# behind"
