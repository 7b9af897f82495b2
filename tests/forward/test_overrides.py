"""A subclass may make active what its base class holds for constant: nothing is lost, whatever the base's body says."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import jvpgen
from jvpgen.cli.main import main
from jvpgen.runtime import counts

SOURCE = """
import flax.linen as nn
import jax.numpy as jnp
import jvpgen


class Base(nn.Module):
    def setup(self):
        self.scale = 1.0

    @property
    def shift(self):
        return 0.5

    def inner(self, x):
        raise NotImplementedError

    def hook(self, x):
        return 0.0

    def __call__(self, x):
        return (x + self.inner(x)) * self.scale + self.hook(x) + self.shift


@jvpgen.derive
class Methods(Base):
    def inner(self, x):
        return 3 * jnp.tanh(x)


@jvpgen.derive
class Everything(Base):
    def setup(self):
        self.scale = self.param("scale", nn.initializers.ones, ())
        self.moved = self.param("moved", nn.initializers.ones, ())

    @property
    def shift(self):
        return self.moved * 2

    def inner(self, x):
        return 3 * jnp.tanh(x)

    def hook(self, x):
        return self.scale * x


@jvpgen.derive
class Constants(Base):
    def setup(self):
        self.scale = 2.0

    @property
    def shift(self):
        return 0.7

    def __call__(self, x):
        return super().__call__(x) if x.ndim > 5 else x * self.scale + self.shift


@jvpgen.derive
class Complete(nn.Module):
    def setup(self):
        self.scale = self.param("scale", nn.initializers.ones, ())

    def inner(self, x):
        return self.scale * x

    def __call__(self, x):
        return self.inner(x) + 1


@jvpgen.derive
class Doubled(Complete):
    def inner(self, x):
        return 2 * super().inner(x)
"""


@pytest.mark.parametrize("name", ["Methods", "Everything", "Constants", "Complete", "Doubled"])
def test_an_override_keeps_its_tangent(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file_name = f"overriding_{name.lower()}"
    (tmp_path / f"{file_name}.py").write_text(SOURCE)
    assert main(["--quiet", str(tmp_path)]) == 0
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    module = getattr(importlib.import_module(file_name), name)()
    x = jax.numpy.array([0.3, -1.0])
    variables = module.init(jax.random.key(0), x)
    tangents = jax.tree.map(lambda leaf: leaf * 0.7, variables)
    expected = jax.jvp(module.apply, (variables, x), (tangents, x + 1))
    counts.reset()
    out = jvpgen.apply_jvp(module, variables, (x,), (x + 1,), tangents)
    assert (counts.snapshot().opaque > 0) == bool(jvpgen.transform(type(module)).report.opaque)
    np.testing.assert_array_equal(expected[0], out[0])
    np.testing.assert_allclose(expected[1], out[1], rtol=1e-6)
    sys.modules.pop(file_name)
