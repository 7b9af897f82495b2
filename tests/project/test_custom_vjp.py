"""Functions with a `jax.custom_vjp`: refused when their file is compiled, or differentiated through their source."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import jvpgen
from jvpgen.cli.main import main

MODEL = """\
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jax.custom_vjp
def clipped(x):
    return jnp.sin(x) * x


clipped.defvjp(lambda x: (clipped(x), x), lambda x, g: (100 * g,))


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def scaled(x, by):
    return by * jnp.tanh(x)


scaled.defvjp(lambda x, by: (scaled(x, by), None), lambda by, _, g: (g,))


def plain(x):
    return x**3


cubed = jax.custom_vjp(plain)
cubed.defvjp(lambda x: (x, None), lambda _, g: (g,))


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Dense(3)(x)
        return clipped(x) + scaled(x, 2.0) + cubed(x)
"""
WITHOUT = MODEL.replace("@jax.custom_vjp\n", "").replace("@partial(jax.custom_vjp, nondiff_argnums=(1,))\n", "")
WITHOUT = "".join(line for line in WITHOUT.splitlines(keepends=True) if ".defvjp(" not in line)
WITHOUT = WITHOUT.replace("jax.custom_vjp(plain)", "plain")
PRIMAL = MODEL.replace("@jvpgen.derive", '@jvpgen.derive(custom_vjp="primal")')
X = jax.random.normal(jax.random.key(1), (2, 3))


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    for name in ("vjp_model", "vjp_model_jvp", "vjp_without"):
        sys.modules.pop(name, None)


def test_they_are_refused_by_name_and_place(project, capsys) -> None:
    root = project({"vjp_model.py": MODEL})
    assert main(["--quiet", "."]) == 1
    said = capsys.readouterr().err
    for name in ("clipped", "scaled", "cubed"):
        assert f"`vjp_model.{name}` has a `jax.custom_vjp`" in said
    assert said.count("JVP410") == 3 and "vjp_model.py:38" in said
    assert not (root / "vjp_model_jvp.py").exists()


@pytest.mark.parametrize("by_configuration", [True, False])
def test_their_source_is_differentiated_on_request(project, importable: Any, by_configuration: bool) -> None:
    root = project({"vjp_model.py": MODEL if by_configuration else PRIMAL, "vjp_without.py": WITHOUT})
    if by_configuration:
        project({"pyproject.toml": '[tool.jvpgen]\ncustom_vjp = "primal"\n'})
    assert main(["--quiet", "vjp_model.py"]) == 0
    text = (root / "vjp_model_jvp.py").read_text()
    assert text.count("has a jax.custom_vjp; this is the derivative of its source") == 3
    model, without = importlib.import_module("vjp_model").Model(), importlib.import_module("vjp_without").Model()
    derivative = importlib.import_module("vjp_model_jvp").Model_jvp
    variables = model.init(jax.random.key(0), X)
    out, out_dot = derivative(model, variables, X, variable_tangents=variables, x_dot=X)
    wanted, wanted_dot = jax.jvp(without.apply, (variables, X), (variables, X))
    np.testing.assert_array_equal(out, wanted)
    np.testing.assert_allclose(out_dot, wanted_dot, rtol=1e-5)


def test_a_change_of_their_source_is_seen(project, capsys) -> None:
    project({"pyproject.toml": '[tool.jvpgen]\ncustom_vjp = "primal"\n', "vjp_model.py": MODEL})
    main(["--quiet", "."])
    assert main(["--quiet", "--check", "."]) == 0
    project({"vjp_model.py": MODEL.replace("x**3", "x**5")})
    assert main(["--quiet", "--check", "."]) == 1
    project({"vjp_model.py": MODEL, "pyproject.toml": "[tool.jvpgen]\n"})
    assert main(["--quiet", "--check", "."]) == 1


def test_other_values_of_the_setting_are_refused(project, capsys) -> None:
    project({"pyproject.toml": '[tool.jvpgen]\ncustom_vjp = "maybe"\n', "vjp_model.py": MODEL})
    assert main(["--quiet", "."]) == 2
    assert "JVP912" in capsys.readouterr().err


def test_transform_asks_too(project, importable: Any) -> None:
    project({"vjp_model.py": MODEL, "vjp_without.py": WITHOUT})
    module, without = importlib.import_module("vjp_model"), importlib.import_module("vjp_without").Model()
    with pytest.raises(jvpgen.NotGenerated, match=r"has a `jax\.custom_vjp`"):
        jvpgen.transform(module.Model)
    derivative = jvpgen.transform(module.Model, custom_vjp="primal")
    assert "this is the derivative of its source" in derivative.source
    variables = module.Model().init(jax.random.key(0), X)
    _, out_dot = derivative(module.Model(), variables, X, variable_tangents=variables, x_dot=X)
    _, wanted_dot = jax.jvp(without.apply, (variables, X), (variables, X))
    np.testing.assert_allclose(out_dot, wanted_dot, rtol=1e-5)


def test_functions_made_of_them_are_refused_too(project, capsys) -> None:
    project(
        {
            "vjp_model.py": MODEL.replace("@jvpgen", "quick = jax.jit(clipped)\n\n\n@jvpgen").replace(
                "+ cubed", "+ quick"
            )
        }
    )
    assert main(["--quiet", "."]) == 1
    assert "`vjp_model.quick` has a `jax.custom_vjp`" in capsys.readouterr().err


def test_inspect_asks_what_the_class_asks(project, capsys) -> None:
    project({"vjp_model.py": PRIMAL})
    assert main(["inspect", "--output-format=json", "vjp_model.py"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["opaque"], entry["diagnostics"]) == ([], [])
