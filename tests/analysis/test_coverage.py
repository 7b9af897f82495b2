"""What the text decides of a call, and what it leaves to run time: dispatched, or opaque."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from jvpgen.diagnostics.report import Report
from jvpgen.emit.file import Settings
from jvpgen.pipeline import derive_file
from jvpgen.source.reach import Reach

HEAD = """\
from functools import partial
from typing import Any, Callable
import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen

ACT = {"relu": nn.relu, "gelu": nn.gelu}


def doubled(x):
    return 2 * x


class M(nn.Module):
    act: str = "relu"
    function: Callable = nn.relu
    layer: type = nn.Dense
    inner: nn.Module = None

"""


def inspected(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    """What is said of each class of a file with `text` after the imports, by class name."""
    path = folder / "model.py"
    path.write_text(text)
    made = derive_file(path, Reach(folder), (), Settings(inspect=True), Report())
    assert made is not None
    return {item["class"]: dict(item) for item in made.inspections}


def status_of(folder: Path, call: str, setup: str = "pass") -> tuple[str, list[str]]:
    body = textwrap.indent(textwrap.dedent(call), " " * 8)
    stored = textwrap.indent(textwrap.dedent(setup), " " * 8)
    text = f"{HEAD}    def setup(self):\n{stored}\n\n    def __call__(self, x):\n{body}\n"
    found = inspected(folder, text)["M"]
    return found["status"], [item["expression"] for item in found["opaque"] + found["dispatched"]]


EXPLICIT = {
    "a layer of setup": ("return self.d(x)", "self.d = nn.Dense(3)"),
    "a function of setup": ("return self.f(x)", "self.f = jnp.tanh"),
    "a helper of setup": ("return self.f(x)", "self.f = doubled"),
    "a lambda of setup": ("return self.f(x)", "self.f = lambda x: 2 * x"),
    "a layer of a dict": ('return self.heads["a"](x)', 'self.heads = {"a": nn.Dense(3), "b": nn.Dense(2)}'),
    "a layer of a list": ("for d in self.ds:\n    x = d(x)\nreturn x", "self.ds = [nn.Dense(3) for _ in range(2)]"),
    "a wrapped layer of setup": ("return self.d(x)", "self.d = nn.remat(nn.Dense)(3)"),
    "a lifted layer": ("return self.d(x)", "self.d = nn.vmap(nn.Dense, variable_axes={})(3)"),
    "a lifted layer in compact": ("return nn.scan(nn.Dense, variable_axes={}, length=2)(3)(x, None)[0]", "pass"),
    "a layer of Flax with a lifted loop": ("return self.r(x)", "self.r = nn.RNN(nn.GRUCell(3))"),
    "a class under another name": ("D = nn.remat(nn.Dense)\nreturn D(3)(x)", "pass"),
    "a partial of a class": ("dense = partial(nn.Dense, use_bias=False)\nreturn dense(3)(x)", "pass"),
    "one of two classes": ("D = nn.Dense if x.ndim > 1 else nn.Embed\nreturn D(3)(x)", "pass"),
    "a function under another name": ("act = nn.relu if x.ndim > 1 else nn.gelu\nreturn act(x)", "pass"),
    "a partial of a function": ("return partial(nn.gelu, approximate=False)(x)", "pass"),
    "a mapped function": ("return jax.vmap(jnp.tanh)(x)", "pass"),
    "an initializer": ("return x * self.param('s', lambda key: jnp.linalg.svd(key)[1])", "pass"),
    "an initializer of a field": ("return x * self.param('s', lambda key: self.function(key))", "pass"),
    "a lambda of a local": ("f = lambda y: 2 * y\nreturn f(x)", "pass"),
    "a mapped lambda": ("return jax.vmap(lambda row: jnp.tanh(row))(x)", "pass"),
    "a checkpointed function": ("return jax.checkpoint(doubled)(x)", "pass"),
}

DISPATCHED = {
    "a field": ("return self.function(x)", "pass", ["self.function"]),
    "a module of a field": ("return self.inner(x)", "pass", ["self.inner"]),
    "a class of a field": ("return self.layer(3)(x)", "pass", ["self.layer(3)"]),
    "a layer made in setup from a class of a field": ("return self.d(x)", "self.d = self.layer(3)", ["self.d"]),
    "an entry of a table": ("return ACT[self.act](x)", "pass", ["ACT[self.act]"]),
    "an entry of a table, of setup": ("return self.f(x)", "self.f = ACT[self.act]", ["self.f"]),
    "an entry of a table, in a local": ("f = ACT[self.act]\nreturn f(x)", "pass", ["f"]),
    "getattr": ("return getattr(nn, self.act)(x)", "pass", ["getattr(nn, self.act)"]),
    "getattr, of setup": ("return self.f(x)", "self.f = getattr(nn, self.act)", ["self.f"]),
    "a field under another name": ("return self.f(x)", "self.f = self.function", ["self.f"]),
    "a wrapped class of a field": ("return nn.remat(self.layer)(3)(x)", "pass", ["nn.remat(self.layer)"]),
    "a mapped field": ("return jax.vmap(self.function)(x)", "pass", ["jax.vmap(self.function)"]),
    "a field in a lambda of a local": ("f = lambda r: self.function(r)\nreturn f(x)", "pass", ["self.function"]),
    "a field in a mapped lambda": ("return jax.vmap(lambda r: self.function(r))(x)", "pass", ["self.function"]),
    "a module that a lifted derivative hands on": (
        "return nn.grad(lambda m, x: m(x).sum(), nn.Dense(2), x)[0]",
        "pass",
        ["m"],
    ),
    "a local that may be a field": ("f = nn.relu\nif x.ndim > 1:\n    f = self.function\nreturn f(x)", "pass", ["f"]),
}

OPAQUE = {
    "a function without a rule": ("return jnp.linalg.svd(x)[1]", "pass", ["jnp.linalg.svd"]),
    "the same in a mapped lambda": ("return jax.vmap(lambda r: jnp.linalg.svd(r)[1])(x)", "pass", ["jnp.linalg.svd"]),
    "a lifted function with a derivative of its own": (
        "return nn.custom_vjp(lambda m, x: m(x), None, None)(nn.Dense(2), x)",
        "pass",
        ["nn.custom_vjp"],
    ),
}


@pytest.mark.parametrize("name", EXPLICIT)
def test_explicit(name: str, tmp_path: Path) -> None:
    assert status_of(tmp_path, *EXPLICIT[name]) == ("explicit", [])


@pytest.mark.parametrize("name", DISPATCHED)
def test_dispatched(name: str, tmp_path: Path) -> None:
    call, setup, expected = DISPATCHED[name]
    assert status_of(tmp_path, call, setup) == ("dispatched", expected)


@pytest.mark.parametrize("name", OPAQUE)
def test_opaque(name: str, tmp_path: Path) -> None:
    call, setup, expected = OPAQUE[name]
    assert status_of(tmp_path, call, setup) == ("opaque", expected)
