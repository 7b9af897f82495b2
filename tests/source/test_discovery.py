"""What a file asks for, and its mistakes."""

from __future__ import annotations

import pytest

from jvpgen.source.discovery import DeriveOptions, Discovery, discover
from tests.source.conftest import source

HEAD = "import flax.linen as nn\nimport jvpgen\n"
MARKS = "import jvpgen\nderive = mark = jvpgen.derive\nbare = jvpgen.derive()\nfor_x = derive(arguments=('x', 'w'))\n"
BODY = "class M(nn.Module):\n    def __call__(self, x, z=0): return x\n"


def found(project, text: str, more: dict[str, str] | None = None) -> Discovery:
    reach = project({**(more or {}), "m.py": text})
    return discover(source(reach, "m.py"), reach)


@pytest.mark.parametrize(
    ("imports", "decorator"),
    [
        ("import jvpgen", "@jvpgen.derive"),
        ("import jvpgen", "@jvpgen.derive()"),
        ("import jvpgen as j", "@j.derive"),
        ("from jvpgen import derive", "@derive"),
        ("from jvpgen import derive as d", "@d()"),
        ("from marks import derive as mark", "@mark"),
        ("import marks", "@marks.derive()"),
        ("from jvpgen import *", "@derive"),
        ("from marks import mark", "@mark"),
        ("from marks import mark as m", "@m()"),
        ("import marks", "@marks.mark"),
        ("from marks import bare", "@bare"),
    ],
)
def test_any_spelling(project, imports, decorator):
    text = f"import flax.linen as nn\n{imports}\n\n{decorator}\n{BODY}"
    result = found(project, text, {"marks.py": MARKS})
    assert [item.function_name for item in result.derived] == ["M_jvp"]
    assert result.diagnostics == ()
    assert result.derived[0].options == DeriveOptions()
    assert result.derived[0].options.is_bare


def test_options_that_another_file_says(project):
    result = found(project, f"import flax.linen as nn\nfrom marks import for_x\n@for_x\n{BODY}", {"marks.py": MARKS})
    (complaint,) = result.diagnostics
    assert (complaint.code, str(complaint.span)) == ("JVP106", "marks.py:4:27")


def test_options_repetition_and_functions(project):
    text = HEAD + (
        '@jvpgen.derive\n@jvpgen.derive(variables=("params/**/lora_*",), arguments=["x", "z"], name="dudt", '
        f'install=True, custom_vjp="primal")\n{BODY}@jvpgen.derive(variables="params")\ndef f(x, y): return x\n'
    )
    result = found(project, text)
    assert result.diagnostics == ()
    assert [item.function_name for item in result.derived] == ["M_jvp", "dudt", "f_jvp"]
    assert result.derived[1].options == DeriveOptions(("params/**/lora_*",), ("x", "z"), "dudt", True, "primal")
    assert result.derived[2].options.variables == ("params",)
    assert [str(item.span) for item in result.derived] == ["m.py:3:2", "m.py:4:2", "m.py:7:2"]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("@jvpgen.derive\nclass M: pass\n", "JVP101", "3:2"),
        ("@jvpgen.derive\nclass M(unknown.Thing): pass\n", "JVP101", "3:2"),
        ("class M(nn.Module):\n    @jvpgen.derive\n    def f(self, x): pass\n", "JVP102", "4:6"),
        ("from flax import nnx\n@jvpgen.derive\nclass M(nnx.Module): pass\n", "JVP103", "4:2"),
        (f"@jvpgen.derive\n@jvpgen.derive\n{BODY}", "JVP104", "4:2"),
        (f"@jvpgen.derive\n{BODY}@jvpgen.derive(name='M_jvp')\ndef g(x): return x\n", "JVP104", "6:2"),
        (
            f"@jvpgen.derive\n{BODY}    def encode(self, x): return x\n@jvpgen.derive\ndef M_encode(x): return x\n",
            "JVP104",
            "7:2",
        ),
        (f"N = 'a'\n@jvpgen.derive(name=N)\n{BODY}", "JVP105", "4:21"),
        (f"@jvpgen.derive(arguments=('x', f'{{y}}'))\n{BODY}", "JVP105", "3:32"),
        (f"@jvpgen.derive(argument=('x',))\n{BODY}", "JVP106", "3:16"),
        (f"@jvpgen.derive(**options)\n{BODY}", "JVP106", "3:16"),
        (f"@jvpgen.derive('x')\n{BODY}", "JVP106", "3:16"),
        (f"@jvpgen.derive(arguments=('w',))\n{BODY}", "JVP106", "3:27"),
        (f"@jvpgen.derive(name='no name')\n{BODY}", "JVP106", "3:21"),
        (f"@jvpgen.derive(install=1)\n{BODY}", "JVP106", "3:24"),
        (f"@jvpgen.derive(custom_vjp='maybe')\n{BODY}", "JVP106", "3:27"),
        ("def make():\n    @jvpgen.derive\n    class M(nn.Module): pass\n    return M\n", "JVP107", "4:6"),
        ("def make():\n    import jvpgen as j\n    @j.derive\n    def f(x): return x\n", "JVP107", "5:6"),
    ],
)
def test_mistakes(project, text, code, place):
    result = found(project, HEAD + text)
    assert [(item.code, str(item.span)) for item in result.diagnostics] == [(code, f"m.py:{place}")]


def test_all_mistakes_at_once(project):
    text = HEAD + "@jvpgen.derive(a=1, b=2)\nclass A(nn.Module): pass\n@jvpgen.derive\nclass B: pass\n"
    assert [item.code for item in found(project, text).diagnostics] == ["JVP106", "JVP106", "JVP101"]


def test_every_module_class(project):
    files = {"layers.py": "import flax.linen as nn\nclass Base(nn.Module): pass\nCell = nn.LSTMCell\n"}
    text = """\
from flax import linen
from layers import Base, Cell
import layers as l
class A(linen.Module):
    class Inner(Base): pass
class B(l.Base, dict): pass
class C(Cell): pass
class NotOne(dict): pass
if True:
    class D(A.Inner): pass
def make():
    class Local(A): pass
    class Further(Local): pass
class E(linen.Module, kw_only=True): pass
"""
    result = found(project, text, files)
    assert [item.path_in_module for item in result.modules] == [
        "A",
        "A.Inner",
        "B",
        "C",
        "D",
        "make.<locals>.Local",
        "make.<locals>.Further",
        "E",
    ]
    assert result.diagnostics == ()
    assert result.derived == ()


def test_other_decorators_called_derive_are_none(project):
    text = "import flax.linen as nn\nfrom other import derive\n@derive\nclass M(nn.Module): pass\n"
    assert found(project, text).derived == ()
