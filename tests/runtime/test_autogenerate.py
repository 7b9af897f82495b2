"""Derivatives made on first use, cached on disk, and `transform`; the compiler is a stand-in."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from jvpgen import NotGenerated, StaleDerivative, apply_jvp, transform
from jvpgen.runtime import autogenerate, counts, pushforward, siblings, text_cache

SOURCE = """
import flax.linen as nn

class Inner(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("w", nn.initializers.ones, (3,))

def scaled(x, by):
    return x * by

class Outer(Inner):
    pass
"""
INNER = """
from jvpgen.runtime import body, param
from made_models import Inner
import flax.linen as nn

@body(Inner)
def _Inner(self, x, x_dot):
    w, w_dot = param(self, "w", nn.initializers.ones, (3,))
    return x * w, x_dot * w + x * w_dot
"""
SCALED = """
from jvpgen.runtime import body
from made_models import scaled

@body(scaled)
def _scaled(x, x_dot, by, by_dot):
    return scaled(x, by), x_dot * by + x * by_dot
"""
TEXTS = {"Inner": INNER, "scaled": SCALED}
X = jnp.arange(3.0)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "made_models.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("JVPGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(autogenerate, "_outcomes", {})
    siblings.forget_siblings()
    yield importlib.import_module("made_models")
    for name in [name for name in sys.modules if name.startswith("made_models")]:
        del sys.modules[name]
    siblings.forget_siblings()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stand-in for the compiler; the names it was asked for."""
    calls: list[str] = []

    def derive_in_memory(path: str, module_name: str, qualname: str, rules: Any, custom_vjp: str) -> str | None:
        assert Path(path).name == "made_models.py" and module_name == "made_models"
        calls.append(qualname)
        if qualname not in TEXTS:
            raise KeyError(qualname)
        return TEXTS[qualname]

    pipeline = types.ModuleType("jvpgen.pipeline")
    pipeline.derive_in_memory = derive_in_memory  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jvpgen.pipeline", pipeline)
    return calls


def test_transform_of_a_class(models: Any, asked: list[str]) -> None:
    derived = transform(models.Inner)
    assert derived.source == INNER
    variables = {"params": {"w": X}}
    y, y_dot = derived(models.Inner(), variables, X, x_dot=X, variable_tangents=variables)
    assert (y == X * X).all() and (y_dot == 2 * X * X).all()
    assert asked == ["Inner"]
    transform(models.Inner)
    assert asked == ["Inner"]
    y, y_dot = apply_jvp(models.Outer(), variables, (X,), None, variables)
    assert (y_dot == X * X).all() and counts.snapshot().opaque == 0


def test_transform_of_a_function(models: Any, asked: list[str]) -> None:
    y, y_dot = transform(models.scaled)(X, 2.0, by_dot=jnp.float32(1), x_dot=X)
    assert (y == 2 * X).all() and (y_dot == 3 * X).all()
    assert transform(models.scaled)(X, by=2.0, by_dot=jnp.float32(1))[1].tolist() == X.tolist()


def test_nothing_is_made_where_it_is_not_allowed(models: Any, asked: list[str]) -> None:
    assert (pushforward(models.scaled, (X, 2.0), (X, None))[1] == 2 * X).all()
    assert asked == [] and counts.snapshot().opaque == 1
    autogenerate.allow("made_models")
    assert (pushforward(models.scaled, (X, 2.0), (X, None))[1] == 2 * X).all()
    assert asked == ["scaled"] and counts.snapshot().opaque == 1


def test_refusals_are_remembered_and_named(models: Any, asked: list[str]) -> None:
    with pytest.raises(NotGenerated, match=r"Outer cannot be transformed: KeyError"):
        transform(models.Outer)
    assert "made_models.Outer" in autogenerate.refusals()
    with pytest.raises(NotGenerated):
        transform(models.Outer)
    assert asked == ["Outer"]


def test_the_cache_on_disk(models: Any, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transform(models.Inner)
    files = list((tmp_path / "cache").iterdir())
    assert len(files) == 1 and files[0].read_text() == INNER
    autogenerate._outcomes.clear()
    assert transform(models.Inner).source == INNER
    assert asked == ["Inner"]
    (tmp_path / "made_models.py").write_text(SOURCE + "\n# changed\n")
    autogenerate._outcomes.clear()
    transform(models.Inner)
    assert asked == ["Inner", "Inner"]


def test_a_cache_that_cannot_be_written_is_no_error(
    models: Any, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JVPGEN_CACHE_DIR", str(tmp_path / "file" / "below"))
    transform(models.Inner)
    assert text_cache.read("absent") is None
    monkeypatch.delenv("JVPGEN_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    text_cache.write("key", "text")
    assert text_cache.read("key") == "text"
    assert os.listdir(tmp_path / "xdg" / "jvpgen") == ["key.py"]


def test_tracebacks_show_the_generated_text(models: Any, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TEXTS, "scaled", SCALED.replace("return scaled", "return missing(x), scaled"))
    derived = transform(models.scaled)
    with pytest.raises(NameError) as caught:
        derived(X, 2.0, x_dot=X)
    assert "return missing(x)" in "".join(traceback.format_tb(caught.tb))


# --- Files beside the source ------------------------------------------------------------------------------------------


def with_footer(text: str, source: str) -> str:
    from jvpgen.project.footer import Footer, Part, with_footer
    from jvpgen.project.keys import definitions, source_key, text_key

    used = [definitions(source)["Inner"]]
    part = Part("Inner", ("_Inner",), (("", "Inner"),), text_key(used), source_key(used))
    return with_footer("# @generated by jvpgen from made_models.py. DO NOT EDIT.\n" + text, Footer((part,)))


def test_the_sibling_file_is_found(models: Any, tmp_path: Path) -> None:
    variables = {"params": {"w": X}}
    with pytest.raises(NotGenerated):
        apply_jvp(models.Inner(), variables, (X,), None)
    (tmp_path / "made_models_jvp.py").write_text(with_footer(INNER, SOURCE))
    importlib.invalidate_caches()
    siblings.forget_siblings()
    for kind in (models.Outer, models.Inner):
        assert (apply_jvp(kind(), variables, (X,), None, variables)[1] == X * X).all()


@pytest.mark.parametrize("change, stale", [("x * self", "2 * x * self"), ("return x", "# a remark\n        return x")])
def test_stale_files_are_refused(models: Any, tmp_path: Path, change: str, stale: str) -> None:
    (tmp_path / "made_models_jvp.py").write_text(with_footer(INNER, SOURCE.replace(change, stale)))
    importlib.invalidate_caches()
    variables = {"params": {"w": X}}
    if stale.startswith("2"):
        with pytest.raises(StaleDerivative, match=r"run  python -m jvpgen .*made_models\.py"):
            apply_jvp(models.Inner(), variables, (X,), None, variables)
    else:
        apply_jvp(models.Inner(), variables, (X,), None, variables)


def test_jax_is_not_needed_for_marking() -> None:
    from jvpgen import derive

    @derive
    def f(x: Any) -> Any:
        return x

    @derive(variables=("params/**",), arguments=("x",), name="g")
    def g(x: Any) -> Any:
        return x

    assert f(1) == g(1) == 1
    with pytest.raises(TypeError, match="argumens"):
        derive(argumens=("x",))  # type: ignore[call-overload]
    assert jax is not None


def test_transform_in_a_script(tmp_path: Path) -> None:
    """A script is not imported by its file's name: it would run again, and its classes would be others."""
    script = tmp_path / "script.py"
    script.write_text(
        """
import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen

print("run")


class Scaled(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x * self.param("scale", nn.initializers.ones, ())


x = jnp.ones(2)
made = jvpgen.transform(Scaled)
print(made(Scaled(), Scaled().init(jax.random.key(0), x), x, x_dot=3 * x)[1])
print(jvpgen.transform(lambda x: x**2)(x, x_dot=x)[1])
"""
    )
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n") == ["run", "[3. 3.]", "[2. 2.]", ""]
