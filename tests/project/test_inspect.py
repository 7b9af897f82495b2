"""What `inspect` says of modules whose calls stand elsewhere: in base classes, helpers, other modules, other files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import jvpgen
from jvpgen.cli.main import main
from tests.declarations.comparison import import_file

HEAD = "import flax.linen as nn\nimport jax.numpy as jnp\nimport jvpgen\n\n"

BASES = (
    HEAD
    + """
class Base(nn.Module):
    act: object = nn.relu

    @nn.compact
    def __call__(self, x):
        return self.inner(nn.Dense(3)(x)) + self.shift

    @property
    def shift(self):
        return 0.5

    def inner(self, x):
        raise NotImplementedError


class Dispatched(nn.Module):
    act: object = nn.relu

    def __call__(self, x):
        return self.act(x)


class Opaque(nn.Module):
    @nn.compact
    def __call__(self, x):
        return spectrum(x)

    def plain(self, x):
        return 2 * x


class Unused(nn.Module):
    def __call__(self, x):
        return jnp.linalg.svd(x, full_matrices=False)[1]


def spectrum(x):
    return jnp.linalg.svd(x, full_matrices=False)[1]


def size_of(x):
    return len(x.shape)
"""
)

USERS = (
    HEAD
    + """
from bases import Base, Dispatched, Opaque, Unused, size_of, spectrum


class Inherits(Opaque):
    pass


class InheritsDispatch(Dispatched):
    pass


class CallsSuper(Opaque):
    def __call__(self, x):
        return super().__call__(x) * 2


class Replaces(Unused):
    def __call__(self, x):
        return 2 * x


class Calls(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Opaque()(x)


class Holds(nn.Module):
    block: type = Opaque

    @nn.compact
    def __call__(self, x):
        return self.block()(x)


class Helped(nn.Module):
    def __call__(self, x):
        return spectrum(x) / size_of(x)


class Explicit(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(size_of(x))(x)


class Overrides(Base):
    def inner(self, x):
        return 2 * x


class Recurrent(nn.RNN):
    pass
"""
)

EXPECTED = {
    "Inherits": ("opaque", {("spectrum", "bases.py")}),
    "InheritsDispatch": ("dispatched", {("Dispatched", "bases.py")}),
    "CallsSuper": ("opaque", {("spectrum", "bases.py")}),
    "Replaces": ("explicit", set()),
    "Calls": ("opaque", {("spectrum", "bases.py")}),
    "Holds": ("opaque", {("spectrum", "bases.py"), (None, None)}),
    "Helped": ("opaque", {("spectrum", "bases.py")}),
    "Explicit": ("explicit", set()),
    "Overrides": ("opaque", {(None, None)}),
    "Recurrent": ("explicit", set()),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'inspected'\n")
    (tmp_path / "bases.py").write_text(BASES)
    (tmp_path / "users.py").write_text(USERS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def inspected(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code = main(["inspect", "--output-format", "json", *arguments])
    return code, {item["class"]: item for item in json.loads(capsys.readouterr().out)}


@pytest.mark.usefixtures("project")
def test_status_counts_all_that_a_module_runs(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = inspected(capsys, "users.py")
    shown = {
        name: (item["status"], {(each["in"], each["file"]) for each in (*item["opaque"], *item["dispatched"])})
        for name, item in found.items()
    }
    assert shown == EXPECTED


@pytest.mark.parametrize("name", EXPECTED)
def test_strict_agrees(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--strict` fails where the status is opaque, inspect's as that of a run: also for what is written and not run."""
    head, *classes = USERS.split("\n\n\nclass ")
    (only,) = (text for text in classes if text.startswith(f"{name}("))
    (project / "users.py").write_text(f"{head}\n\n\nclass {only}")
    expected = int(EXPECTED[name][0] == "opaque" or name == "Replaces")
    assert inspected(capsys, "--strict", "users.py")[0] == expected
    assert main(["--strict", "--all", "--stdout", "--quiet", "users.py"]) == expected


def test_what_a_subclass_overrides(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = inspected(capsys, "users.py")
    (item,) = found["Overrides"]["opaque"]
    assert (item["code"], item["expression"]) == ("JVP403", "Base")
    assert "`inner`" in item["reason"]


def test_text(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", "users.py"])
    out = capsys.readouterr().out
    assert "in spectrum  bases.py:" in out
    assert "Dense_0  nn.Dense  flax.linen.linear.Dense  line" in out


def test_report_of_a_transformed_module(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(project)
    users = import_file(project / "users.py")
    report = jvpgen.transform(users.CallsSuper).report
    assert [(item.expression, item.inside) for item in report.opaque] == [("jnp.linalg.svd", "spectrum")]
    assert [item.inside for item in jvpgen.transform(users.InheritsDispatch).report.dispatched] == ["Dispatched"]
    assert jvpgen.transform(users.Explicit).report.opaque == ()


RECORDS = (
    HEAD
    + """
import flax


@flax.struct.dataclass
class Rows:
    values: jnp.ndarray

    def spectrum(self):
        return jnp.linalg.svd(self.values, full_matrices=False)[1]

    def doubled(self):
        return 2 * self.values


class Doubles(nn.Module):
    def __call__(self, x):
        return Rows(x).doubled()


class Decomposes(nn.Module):
    def __call__(self, x):
        return Rows(x).spectrum()
"""
)


def test_methods_of_records_count_where_they_are_called(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "records.py").write_text(RECORDS)
    _, found = inspected(capsys, "records.py")
    assert {name: item["opaque"] and item["opaque"][0]["in"] for name, item in found.items()} == {
        "Doubles": [],
        "Decomposes": "Rows.spectrum",
    }
