"""What `inspect` says of every module class of transformers, diffusers and brax: explicit, dispatched or opaque."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FILES = {
    "transformers": ("models/*/modeling_flax_*.py",),
    "diffusers": ("models/*flax*.py", "models/*/*flax*.py"),
    "brax": ("training/networks.py", "training/spectral_norm.py"),
}
KINDS = ("explicit", "dispatched", "opaque", "error")


def test_nearly_all_classes_are_explicit_or_dispatched() -> None:
    found = {package: _inspected(package) for package in FILES}
    tables = {package: Counter(item["status"] for item in items) for package, items in found.items()}
    for package, table in tables.items():
        print(f"\n{package:14}", *(f"{table[kind]:5} {kind}" for kind in KINDS), end="")
    total = sum(tables.values(), Counter())
    classes = total.total()
    print(f"\n{'all':14}", *(f"{total[kind]:5} {kind}" for kind in KINDS))
    assert classes > 450
    assert not total["error"]
    opaque = [item["class"] for items in found.values() for item in items if item["status"] == "opaque"]
    assert total["explicit"] + total["dispatched"] >= 0.97 * classes, opaque


def _inspected(package: str) -> list[dict[str, Any]]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    folder = Path(spec.origin).parent
    files = [str(path) for pattern in FILES[package] for path in sorted(folder.glob(pattern))]
    command = [sys.executable, "-m", "jvpgen", "inspect", "--output-format", "json", *files]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in finished.stderr
    items: list[dict[str, Any]] = json.loads(finished.stdout)
    return items
