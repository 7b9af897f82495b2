"""Ancestors, methods and fields of classes across files."""

from __future__ import annotations

import dataclasses

import flax.linen as nn
import pytest

from jvpgen.source.classes import Ancestor, Method, fields, find_method, is_module, methods, mro
from jvpgen.source.reach import Definition, Reach
from tests.source.conftest import source

FILES = {
    "base.py": """
import dataclasses
from typing import Any, ClassVar, Generic, TypeVar
import flax.linen as nn

T = TypeVar("T")

class Mixin:
    note: str = "no field"
    def helper(self):
        pass

class Base(nn.Module, Generic[T]):
    width: int
    depth: "int" = 2
    limit: ClassVar[int] = 9
    table: Any = dataclasses.field(default_factory=dict)
    sizes: tuple = dataclasses.field(default_factory=lambda: (1, 2))
    hidden: int = dataclasses.field(default=3, init=False)
    _: dataclasses.KW_ONLY
    rate: float = 0.1

    def setup(self):
        pass

    def __call__(self, x):
        pass

    @property
    def size(self):
        return 3
""",
    "model.py": """
import dataclasses
import flax.linen as nn
from base import Base as B, Mixin
import base

class Model(Mixin, B[int]):
    extra: int = dataclasses.field(default=0, kw_only=True)
    depth: int = 5

    @nn.compact
    def __call__(self, x):
        return super().__call__(x)

class Dense(nn.Dense):
    scale: float = 2.0

class Outer(nn.Module):
    class Inner(nn.Module):
        x: int
    class Derived(Inner):
        y: int

class Diamond(Model, base.Base): pass
class Circle(Circle): pass
class Unknown(nowhere.Thing, make()): pass
""",
}


def definition(reach: Reach, name: str) -> Definition:
    found = reach.definition(f"model.{name}", source(reach, "model.py"))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "ancestors"),
    [
        ("Model", ["model.Model", "base.Mixin", "base.Base", "flax.linen.module.Module", "typing.Generic"]),
        ("Dense", ["model.Dense", "flax.linen.linear.Dense", "flax.linen.module.Module"]),
        ("Outer.Derived", ["model.Outer.Derived", "model.Outer.Inner", "flax.linen.module.Module"]),
        (
            "Diamond",
            ["model.Diamond", "model.Model", "base.Mixin", "base.Base", "flax.linen.module.Module", "typing.Generic"],
        ),
        ("Circle", ["model.Circle"]),
        ("Unknown", ["model.Unknown", "nowhere.Thing", ""]),
    ],
)
def test_mro(project, name, ancestors):
    reach = project(FILES)
    found = definition(reach, name)
    assert [ancestor.qualified for ancestor in mro(found, reach)] == ancestors
    assert is_module(found, reach) == (found.kind == "module_class") == (name not in ("Circle", "Unknown"))


def test_fields(project):
    reach = project(FILES)
    found = [
        (item.name, item.annotation, item.default, item.keyword_only, item.in_init)
        for item in fields(definition(reach, "Model"), reach)
    ]
    assert found == [
        ("width", "int", None, False, True),
        ("depth", "int", "5", False, True),
        ("table", "Any", "dict()", False, True),
        ("sizes", "tuple", "(1, 2)", False, True),
        ("hidden", "int", "3", False, False),
        ("rate", "float", "0.1", True, True),
        ("extra", "int", "0", True, True),
    ]


def test_fields_of_a_layer_of_flax_are_inherited_without_flax(project):
    reach = project(FILES)
    own = [item.name for item in fields(definition(reach, "Dense"), reach)]
    real = [item.name for item in dataclasses.fields(nn.Dense) if item.name not in ("parent", "name")]
    assert own == [*real, "scale"]


def test_methods(project):
    reach = project(FILES)
    model = definition(reach, "Model")
    found = methods(model, reach)
    assert {name: method.owner.name for name, method in found.items()} == {
        "setup": "Base",
        "__call__": "Model",
        "size": "Base",
        "helper": "Mixin",
    }
    assert found["__call__"].is_compact
    assert found["size"].is_property
    above = find_method(model, "__call__", reach, after=model)
    assert isinstance(above, Method)
    assert above.owner.qualified == "base.Base"
    beyond = find_method(model, "param", reach)
    assert isinstance(beyond, Ancestor)
    assert beyond.qualified == "flax.linen.module.Module"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import flax\n@flax.struct.dataclass\nclass C: pass", "struct"),
        ("from flax import struct\nclass C(struct.PyTreeNode): pass", "struct"),
        ("from typing import NamedTuple\nclass C(NamedTuple): pass", "struct"),
        ("import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass C: pass", "struct"),
        ("class C: pass", "class"),
        ("from flax import nnx\nclass C(nnx.Module): pass", "class"),
        ("import flax.linen.linear as l\nclass C(l.Dense): pass", "module_class"),
        ("from flax.linen.recurrent import RNNCellBase as R\nclass C(R): pass", "module_class"),
        ("import flax.linen as nn\nM = nn.Module\nclass C(M): pass", "module_class"),
        ("C = 3", "value"),
        ("def C(x): pass", "function"),
    ],
)
def test_kinds(project, text, kind):
    reach = project({"m.py": text})
    found = reach.definition("m.C", source(reach, "m.py"))
    assert found is not None
    assert found.kind == kind
