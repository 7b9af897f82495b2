"""Which files can ask for a derivative, told from their texts."""

from __future__ import annotations

from pathlib import Path

from jvpgen.project.asking import that_may_ask
from jvpgen.project.configuration import Config
from jvpgen.project.files import Layout

MODEL = "import flax.linen as nn\n{}\nclass M(nn.Module): pass\n"


def asking(root: Path, *paths: str, **config: tuple[str, ...]) -> list[str]:
    layout = Layout(root, Config(**config))
    return [layout.shown(path) for path in that_may_ask([root / path for path in paths], layout)]


def test_words(project):
    root = project({"a.py": "import jvpgen\n", "b.py": "from marks import derive\n", "c.py": "x = 1\n"})
    assert asking(root, "a.py", "b.py", "c.py", "gone.py") == ["a.py", "b.py", "gone.py"]


def test_names_that_other_files_give(project):
    root = project(
        {
            "pkg/__init__.py": "from jvpgen import derive as mark\n",
            "pkg/more.py": "from pkg import mark as tag\n",
            "pkg/last.py": "import pkg.more\n(stamp, other) = (pkg.more.tag, 1)\nfor_x: object = stamp(name='n')\n",
            "a.py": MODEL.format("from pkg import mark\n@mark"),
            "b.py": MODEL.format("from pkg.more import tag\n@tag"),
            "c.py": MODEL.format("import pkg.last\n@pkg.last.for_x"),
            "d.py": MODEL.format("@nn.remat"),
            "e.py": "from pkg import mark\n",
        }
    )
    assert asking(root, "a.py", "b.py", "c.py", "d.py", "e.py") == ["a.py", "b.py", "c.py"]


def test_names_in_excluded_files_and_in_syntax_of_tomorrow(project):
    root = project({"old/n.py": "from jvpgen import derive as mark\nclass\n", "a.py": MODEL.format("@mark")})
    assert asking(root, "a.py", exclude=("old",)) == ["a.py"]


def test_names_that_followed_packages_may_give(project):
    root = project({"a.py": MODEL.format("from mylib import mark\n@mark"), "b.py": MODEL.format("@mark")})
    assert asking(root, "a.py", "b.py", follow=("mylib",)) == ["a.py"]
