"""Packages that `[tool.jvpgen] follow` names: their derivatives stand in the file that needs them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from jvpgen.cli.main import main
from jvpgen.runtime.errors import StaleDerivative
from jvpgen.runtime.staleness import _changed, _copied
from tests.conftest import write_files
from tests.golden.guard import only_generated
from tests.runtime.compare import assert_close

PACKAGE = {
    "blocklib/__init__.py": "from .layers import Block, act\n",
    "blocklib/layers.py": """\
import flax.linen as nn
import jax.numpy as jnp

from .deep.fn import inner

SCALE = 2.0


def act(x):
    return inner(jnp.tanh(x)) * SCALE


class Block(nn.Module):
    n: int = 3

    @nn.compact
    def __call__(self, x):
        return act(nn.Dense(self.n)(x)) * max(self.n, 2)
""",
    "blocklib/deep/__init__.py": "",
    "blocklib/deep/fn.py": "import jax.numpy as jnp\n\n\ndef inner(x):\n    return jnp.sin(x) * x\n",
}
USES = """\
import flax.linen as nn
import jax.numpy as jnp
import jvpgen
import blocklib
from blocklib import Block as Their, act as their_act


@jvpgen.derive
class Own(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Their()(x) + their_act(x) + blocklib.act(x)


@jvpgen.derive
class Inherits(blocklib.Block):
    n: int = 2
"""
CLASHES = """\
import flax.linen as nn
import jax.numpy as jnp
import jvpgen
from blocklib import layers

SCALE = 0.5


def max(a, b):
    return a - b


def act(x):
    return jnp.cos(x) * SCALE


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        inner = layers.Block()(x)
        return max(act(inner), layers.act(x))


@jvpgen.derive
class Clashes(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Block()(x)
"""


@pytest.fixture
def places(project, tmp_path_factory, monkeypatch) -> Iterator[tuple[Path, Path]]:
    """A project whose configuration follows `blocklib`, and the folder where that is installed."""
    site = write_files(tmp_path_factory.mktemp("site"), PACKAGE)
    root = project({"pyproject.toml": '[tool.jvpgen]\nfollow = ["blocklib"]\n'})
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.syspath_prepend(str(root))
    yield root, site
    for name in [name for name in sys.modules if name.partition(".")[0] in ("blocklib", "uses", "uses_jvp")]:
        del sys.modules[name]
    _changed.cache_clear()
    _copied.cache_clear()


def run(name: str) -> tuple[Any, Any]:
    """Value and tangent of a class of `uses.py`, checked against `jax.jvp`, which the generated code may not call."""
    source, generated = importlib.import_module("uses"), importlib.import_module("uses_jvp")
    module = getattr(source, name)()
    x, x_dot = jax.random.normal(jax.random.key(1), (2, 2, 3))
    x, x_dot = (x, x_dot) if name != "Inherits" else (x[:, :2], x_dot[:, :2])
    variables = module.init(jax.random.key(0), x)
    params_dot = jax.tree.map(jnp.ones_like, variables["params"])
    wanted = jax.jvp(
        lambda params, x: module.apply({"params": params}, x), (variables["params"], x), (params_dot, x_dot)
    )
    with only_generated():
        got = getattr(generated, f"{name}_jvp")(
            module, variables, x, variable_tangents={"params": params_dot}, x_dot=x_dot
        )
    assert_close(got, wanted, 2e-5)
    return got


def test_functions_modules_and_inherited_methods(places, capsys):
    root, site = places
    (root / "uses.py").write_text(USES)
    assert main(["--strict"]) == 0
    assert main(["--check"]) == 0
    assert main([]) == 0
    assert "1 unchanged" in capsys.readouterr().err
    assert not list(site.rglob("*_jvp.py"))
    text = (root / "uses_jvp.py").read_text()
    assert "from blocklib.deep.fn import inner\nfrom blocklib.layers import SCALE, Block, act\n" in text
    run("Own")
    run("Inherits")


def test_names_that_mean_something_else_in_the_project(places):
    root, _ = places
    (root / "uses.py").write_text(CLASHES)
    assert main(["--strict"]) == 0
    run("Clashes")
    text = (root / "uses_jvp.py").read_text()
    assert "from builtins import max as max_\n" in text
    assert "from blocklib.layers import SCALE as SCALE_, Block as Block_, act as act_\n" in text
    assert "@body(Block_)\ndef _blocklib_layers_Block(self, x, x_dot):" in text


def test_a_change_of_the_package_is_seen(places, capsys):
    root, site = places
    (root / "uses.py").write_text(USES)
    main([])
    function = site / "blocklib/deep/fn.py"
    function.write_text(function.read_text().replace("sin", "cos"))
    assert main(["--check"]) == 1
    with pytest.raises(StaleDerivative, match="act has changed"):
        run("Own")


def test_a_package_of_a_virtual_environment_in_the_project(places, monkeypatch):
    root, _ = places
    site = root / "env/lib/site-packages"
    write_files(site, {name.replace("blocklib", "venvlib"): text for name, text in PACKAGE.items()})
    monkeypatch.syspath_prepend(str(site))
    (root / "pyproject.toml").write_text('[tool.jvpgen]\nfollow = ["venvlib"]\n')
    (root / "uses.py").write_text(USES.replace("blocklib", "venvlib"))
    assert main([]) == 0
    assert [path.name for path in root.rglob("*_jvp.py")] == ["uses_jvp.py"]


@pytest.mark.parametrize(("name", "code"), [("blocklib.layers", 0), ("blocklib.deep", 0), ("blocklib.gone", 2)])
def test_a_part_of_a_package(places, capsys, name, code):
    root, _ = places
    (root / "pyproject.toml").write_text(f'[tool.jvpgen]\nfollow = ["{name}"]\n')
    (root / "uses.py").write_text(USES)
    assert main(["--check", "uses.py"]) == (code or 1)
    assert ("JVP202" in capsys.readouterr().err) == bool(code)
