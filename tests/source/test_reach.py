"""Following names into the files that define them."""

from __future__ import annotations

import sys

import pytest

from tests.source.conftest import source

MODULE = "import flax.linen as nn\n\n\nclass {}(nn.Module):\n    pass\n"

FILES = {
    "models/__init__.py": """\
from .cnn import CNN as Net
from . import blocks
from .act import *
from .blocks import cnn
""",
    "models/cnn.py": f"""\
from .blocks import Block
{MODULE.format("CNN")}
Alias = CNN
import jax
relu = jax.nn.relu
""",
    "models/blocks.py": f"""\
from . import cnn
{MODULE.format("Block")}
    def f(self):
        pass

    class Inner(nn.Module):
        pass
""",
    "models/act.py": """\
import flax.linen as nn
__all__ = ["act", "scale"]
act = nn.gelu
def scale(x):
    return 2 * x
hidden = 1
""",
    "use.py": """\
import models
from models import Net, act
from models import blocks as b
import models.blocks
""",
    "scripts/train.py": "from sibling import helper\nimport use\n",
    "scripts/sibling.py": "def helper(x):\n    return x\n",
}


@pytest.mark.parametrize(
    ("asking", "name", "qualified", "kind"),
    [
        ("use.py", "Net", "models.cnn.CNN", "module_class"),
        ("use.py", "models.Net", "models.cnn.CNN", "module_class"),
        ("use.py", "models.cnn.Alias", "models.cnn.CNN", "module_class"),
        ("use.py", "b.Block", "models.blocks.Block", "module_class"),
        ("use.py", "b.Block.f", "models.blocks.Block.f", "function"),
        ("use.py", "b.Block.Inner", "models.blocks.Block.Inner", "module_class"),
        ("use.py", "b.cnn.Block", "models.blocks.Block", "module_class"),
        ("use.py", "models.blocks.cnn.CNN", "models.cnn.CNN", "module_class"),
        ("use.py", "models.scale", "models.act.scale", "function"),
        ("use.py", "act", "jax.nn.gelu", None),
        ("use.py", "models.cnn.relu", "jax.nn.relu", None),
        ("use.py", "models.nothing", "models.nothing", None),
        ("models/cnn.py", "nn.Dense", "flax.linen.linear.Dense", None),
        ("models/cnn.py", "Block", "models.blocks.Block", "module_class"),
        ("scripts/train.py", "helper", "scripts.sibling.helper", "function"),
        ("scripts/train.py", "use.Net", "models.cnn.CNN", "module_class"),
    ],
)
def test_names_lead_to_definitions(project, asking, name, qualified, kind):
    reach = project(FILES)
    module = source(reach, asking)
    assert reach.meaning(module, name) == qualified
    found = reach.definition(reach.names(module).alternatives(name)[0], module)
    assert (found.kind if found is not None else None) == kind
    if found is not None:
        assert found.qualified == qualified
        assert reach.definition(qualified) is found


def test_the_trail_of_a_name(project):
    reach = project(FILES)
    use = source(reach, "use.py")
    trail = reach.trail(reach.names(use).qualified("act"), use)
    assert trail == ("models.act", "models.act.act", "flax.linen.gelu", "jax.nn.gelu")


def test_star_imports(project):
    reach = project({**FILES, "stars.py": "from models.act import *\nfrom flax.linen import *\n"})
    stars = source(reach, "stars.py")
    assert reach.meaning(stars, "scale") == "models.act.scale"
    assert reach.meaning(stars, "Dense") == "flax.linen.linear.Dense"
    assert reach.meaning(stars, "len") == "builtins.len"
    assert reach.meaning(stars, "hidden") is None


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "from b import f", "b.py": "from a import f"},
        {"a.py": "from a import f"},
        {"a.py": "f = g\ng = f"},
        {"a.py": "from b import *\nclass f(f): pass", "b.py": "from a import *"},
        {"a.py": "from b import B\nclass f(B): pass", "b.py": "from a import f\nclass B(f): pass"},
        {"a/__init__.py": "from .a import f", "a/a.py": "from . import f"},
    ],
)
def test_circles_end(project, files):
    reach = project(files)
    module = source(reach, next(iter(files)))
    reach.definition("a.f", module)
    assert reach.meaning(module, "f") is not None


def test_conditional_imports_that_agree_are_one(project):
    text = "try:\n    from flax.linen import Dense\nexcept ImportError:\n    from flax.linen.linear import Dense\n"
    reach = project({"m.py": text})
    assert reach.meaning(source(reach, "m.py"), "Dense") == "flax.linen.linear.Dense"


def test_two_definitions_of_one_name_are_none(project):
    reach = project({"m.py": "if X:\n    def f(x): return x\nelse:\n    def f(x): return 2 * x\n"})
    assert reach.definition("m.f", source(reach, "m.py")) is None


def test_other_packages_are_followed_only_when_named(project, tmp_path):
    site = tmp_path / "site"
    files = {
        "site/lib/__init__.py": "from .deep import f\n",
        "site/lib/deep.py": "def f(x):\n    return x\n",
        "site/other.py": "def g(x):\n    return x\n",
        "app/pyproject.toml": "",
        "app/m.py": "from lib import f\nfrom other import g\n",
    }
    project(files)
    from jvpgen.source.reach import Reach

    for options, follows in (({}, False), ({"follow": ["lib"], "search": [site]}, True)):
        reach = Reach(tmp_path / "app", **options)
        m = source(reach, "m.py")
        assert (reach.definition("lib.f", m) is not None) == follows
        assert reach.definition("other.g", m) is None
        assert reach.problems == ()
    everything = Reach(tmp_path / "app", search=[site], everything=True)
    assert everything.definition("other.g") is not None
    assert everything.definition("lib.f").qualified == "lib.deep.f"
    missing = Reach(tmp_path / "app", follow=["nowhere"], search=[site])
    assert missing.missing == ("nowhere",)


def test_nothing_is_imported(project):
    reach = project({"danger.py": "raise SystemExit\ndef f(x): return x\n", "m.py": "from danger import f\n"})
    assert reach.definition("danger.f", source(reach, "m.py")) is not None
    assert "danger" not in sys.modules


def test_unreadable_files_are_problems(project):
    reach = project({"m.py": "from broken import f\n", "broken.py": "def f(:\n"})
    assert reach.definition("broken.f", source(reach, "m.py")) is None
    assert [item.code for item in reach.problems] == ["JVP901"]


def test_src_layout_and_namespace_packages(project):
    reach = project(
        {
            "pyproject.toml": "",
            "src/lib/sub/a.py": "def f(x): return x\n",
            "tests/m.py": "from lib.sub.a import f\nfrom lib.sub import a\n",
        }
    )
    m = source(reach, "tests/m.py")
    assert reach.definition("lib.sub.a.f", m) is not None
    assert reach.meaning(m, "a.f") == "lib.sub.a.f"


def test_installed_flax_is_followed_on_demand_and_jax_never(tmp_path):
    from jvpgen.source.reach import Reach

    reach = Reach(tmp_path, search=sys.path, everything=True)
    found = reach.definition("flax.linen.Dense")
    assert found is not None
    assert (found.kind, found.qualified) == ("module_class", "flax.linen.linear.Dense")
    assert reach.definition("jax.numpy.tanh") is None
    assert reach.definition("functools.partial") is None
    assert reach.resolve("flax.linen.silu") == "jax.nn.silu"
