"""Reading a file: encodings, line ends, syntax errors, names and positions."""

from __future__ import annotations

import inspect

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from jvpgen.diagnostics import catalogue
from jvpgen.diagnostics.report import Diagnostic
from jvpgen.source import classes, discovery, module
from jvpgen.source.module import SourceModule, dotted_name, load, parse
from jvpgen.source.positions import positions


def read(tmp_path, data: bytes) -> SourceModule | Diagnostic:
    path = tmp_path / "model.py"
    path.write_bytes(data)
    return load(path, tmp_path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\n", "x = 1\n"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        ("# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"), "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        ("#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\nx = '€'\n".encode("cp1252"), None),
        ("x = 'é'\r\ny = 2\r\n".encode(), "x = 'é'\r\ny = 2\r\n"),
        (b"", ""),
    ],
)
def test_encodings(tmp_path, data, text):
    found = read(tmp_path, data)
    assert isinstance(found, SourceModule)
    assert found.text == (text if text is not None else data.decode("cp1252"))
    assert found.tree.code == found.text


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"x = 1\ny = '\xe9'\n", "JVP902", "model.py:2:6"),
        (b"# coding: no-such-encoding\n", "JVP902", "model.py:1:1"),
        (b"# coding: hex\n", "JVP902", "model.py:1:1"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "JVP902", "model.py:1:1"),
        (b"def f(x:\n    return x\n", "JVP901", "model.py:1:6"),
        (b"x = = 3\n", "JVP901", "model.py:1:5"),
        (b"if x:\ny\n", "JVP901", "model.py:2:1"),
        (b"x = 1\0\n", "JVP901", "model.py:1:1"),
        (b"x = " + b"(" * 300 + b")" * 300, "JVP901", "model.py:1:205"),
        (b"x = [\n" + b"[" * 50_000, "JVP901", "model.py:2:200"),
        (b"print 'x'\n", "JVP901", "model.py:1:1"),
        (b"y = 1\nx = " + b"+".join([b"y"] * 1500), "JVP901", "model.py:2:1"),
        (b"if x:\n    y\n" + b"elif x:\n    y\n" * 1500, "JVP901", "model.py:1:1"),
    ],
)
def test_what_cannot_be_read_is_a_diagnostic_with_a_place(tmp_path, data, code, place):
    found = read(tmp_path, data)
    assert isinstance(found, Diagnostic)
    assert (found.code, str(found.span)) == (code, place)
    assert found.code in catalogue.CATALOGUE


def test_brackets_in_strings_are_no_nesting(tmp_path):
    found = read(tmp_path, b'x = "' + b"(" * 500 + b'"  # ' + b"[" * 500 + b'\n"""\n' + b"{" * 500 + b'\n"""\n')
    assert isinstance(found, SourceModule)


def test_unreadable_files(tmp_path):
    (tmp_path / "folder.py").mkdir()
    for name in ("folder.py", "missing.py"):
        found = load(tmp_path / name, tmp_path)
        assert isinstance(found, Diagnostic)
        assert found.code == "JVP903"


@pytest.mark.parametrize("text", [inspect.getsource(item) for item in (module, classes, discovery, catalogue)])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_positions_are_libcsts(text, newline):
    tree = cst.parse_module(text.replace("\n", newline))
    theirs = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(PositionProvider)
    ours = positions(tree)
    assert {node: (p.line, p.column, p.end_line, p.end_column) for node, p in ours.items()} == {
        node: (r.start.line, r.start.column, r.end.line, r.end.column) for node, r in theirs.items()
    }


def test_spans_and_text(tmp_path):
    found = read(tmp_path, b"import a\n\n\n# above\n@dec\nclass A:\n    x: int = f(\n        1,\n    )\n")
    assert isinstance(found, SourceModule)
    node = found.tree.body[1]
    assert str(found.span(node)) == "model.py:6:1"
    assert isinstance(node, cst.ClassDef)
    field = node.body.body[0]
    span = found.span(field)
    assert (span.line, span.column, span.end_line, span.end_column) == (7, 5, 9, 6)
    assert found.code(field) == "x: int = f(\n    1,\n)"
    assert found.lines[6] == "    x: int = f("


@pytest.mark.parametrize(
    ("path", "packages", "name"),
    [
        ("cnn.py", (), "cnn"),
        ("models/cnn.py", (), "models.cnn"),
        ("models/cnn.py", ("models",), "models.cnn"),
        ("models/__init__.py", ("models",), "models"),
        ("src/lib/cnn.py", ("src/lib",), "lib.cnn"),
        ("src/lib/cnn.py", (), "lib.cnn"),
        ("my-code/models/cnn.py", (), "models.cnn"),
        ("a/b/c/cnn.py", ("a/b/c",), "c.cnn"),
    ],
)
def test_dotted_names(tmp_path, path, packages, name):
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    for package in packages:
        (tmp_path / package / "__init__.py").write_text("")
    assert dotted_name(file, tmp_path) == name
    found = parse("", file, tmp_path)
    assert isinstance(found, SourceModule)
    assert found.package == (name if path.endswith("__init__.py") else name.rpartition(".")[0])
    assert found.path == path
