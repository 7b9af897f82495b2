"""What top-level names mean, in every spelling of an import."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest

from jvpgen.source.module import SourceModule, parse
from jvpgen.source.names import Names, names_of


def names(text: str, path: str = "pack/sub/model.py") -> Names:
    found = parse(text, Path(path), Path("."))
    assert isinstance(found, SourceModule)
    return names_of(found)


@pytest.mark.parametrize(
    ("text", "name", "qualified"),
    [
        ("import flax", "flax.linen.Dense", "flax.linen.Dense"),
        ("import flax.linen", "flax.linen.Dense", "flax.linen.Dense"),
        ("import flax.linen as nn", "nn.Dense", "flax.linen.Dense"),
        ("import jax, jax.numpy as jnp", "jnp.tanh", "jax.numpy.tanh"),
        ("from flax import linen as nn", "nn.Dense", "flax.linen.Dense"),
        ("from flax.linen import Dense as D, Conv", "D", "flax.linen.Dense"),
        ("from flax.linen import (\n    Dense,\n    Conv,\n)", "Conv", "flax.linen.Conv"),
        ("from . import layers", "layers.Block", "pack.sub.layers.Block"),
        ("from .layers import Block as B", "B", "pack.sub.layers.Block"),
        ("from .. import layers", "layers.Block", "pack.layers.Block"),
        ("from ..layers.deep import f", "f", "pack.layers.deep.f"),
        ("from .... import far", "far", None),
        ("class Block: pass", "Block", "pack.sub.model.Block"),
        ("def f(): pass", "f", "pack.sub.model.f"),
        ("D = nn.Dense", "D", "pack.sub.model.D"),
        ("a, (b, *c) = 1, (2, 3)", "b", "pack.sub.model.b"),
        ("x: int = 3", "x", "pack.sub.model.x"),
        ("x: int", "x", None),
        ("", "len", "builtins.len"),
        ("len = 3", "len", "pack.sub.model.len"),
        ("", "mystery", None),
        ("if X:\n    import numpy as np\nelse:\n    np = None", "np.sin", "numpy.sin"),
        ("try:\n    import a\nexcept ImportError:\n    a = None", "a.f", "a.f"),
        ("try:\n    from a import f\nexcept ImportError:\n    from b import f", "f", None),
        ("try:\n    from a import f\nexcept ImportError:\n    pass", "f", "a.f"),
        ("f = None\nif X:\n    from a import f", "f", "a.f"),
        ("import a as f\nimport b as f", "f", "b"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import T", "T", "a.T"),
        ("import typing\nif typing.TYPE_CHECKING:\n    from a import T\nelse:\n    T = 3", "T", "pack.sub.model.T"),
        ("with x as y:\n    import a", "y", "pack.sub.model.y"),
        ("for i in x:\n    pass", "i", "pack.sub.model.i"),
        ("import a as f\ndef g():\n    global f\n    f = 3", "f", None),
        ("from unknown import *", "max", None),
    ],
)
def test_qualified(text, name, qualified):
    assert names(text).qualified(name) == qualified


def test_alternatives_are_listed_the_likely_one_first():
    found = names("try:\n    from a import f\nexcept ImportError:\n    from b import f")
    assert found.alternatives("f.g") == ("a.f.g", "b.f.g")
    assert found.alternatives("nothing") == ()


def test_a_flat_file_imports_its_siblings():
    found = names("from .layers import Block\nfrom . import other", "model.py")
    assert found.qualified("Block") == "layers.Block"
    assert found.qualified("other.f") == "other.f"


def test_an_init_is_its_own_package():
    found = names("from .layers import Block", "pack/__init__.py")
    assert found.qualified("Block") is not None


def test_imports_inside_a_function_and_local_variables():
    text = "import numpy as np\ndef f(nn):\n    import jax.numpy as np\n    from . import late\n"
    text += "    def g():\n        import no\n"
    module = parse(text, Path("pack/model.py"), Path("."))
    assert isinstance(module, SourceModule)
    outer = names_of(module)
    function = cst.ensure_type(module.tree.body[1], cst.FunctionDef)
    inner = outer.with_imports(function)
    assert (outer.qualified("np.sin"), inner.qualified("np.sin")) == ("numpy.sin", "jax.numpy.sin")
    assert (inner.qualified("late"), inner.qualified("no")) == ("pack.late", None)
    assert inner.without({"np", "len"}).qualified("np.sin") is None
    assert inner.without({"len"}).qualified("len") is None


def test_nodes_are_names_too():
    found = names("import flax.linen as nn")
    assert found.qualified(cst.parse_expression("nn.Dense")) == "flax.linen.Dense"
    assert found.qualified(cst.parse_expression("nn.f().g")) is None


def test_exports():
    found = names("import a as b\n_c = 1\ndef d(): pass")
    assert found.exports() == {"b": "a", "d": "pack.sub.model.d"}
    listed = names("__all__ = ['d', '_c']\nimport a as b\n_c = 1\ndef d(): pass")
    assert set(listed.exports()) == {"d", "_c"}
