"""Flax's own tests of `nn.jvp` and `lift.jvp`, with `jvpgen.jvp` in their place.

They come with the source distribution of the flax that is installed, from PyPI; all that is changed is the name.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FILES = {"tests/core/core_lift_test.py": r"\blift\.jvp\(", "tests/linen/linen_transforms_test.py": r"\bnn\.jvp\("}


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution."""
    folder = tmp_path_factory.mktemp("flax")
    wanted = f"flax=={importlib.metadata.version('flax')}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "-q", wanted]
    if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode:
        pytest.skip(f"no source distribution of {wanted}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.mark.parametrize("name", FILES)
def test_they_pass(name: str, distribution: Path, tmp_path: Path) -> None:
    text, count = re.subn(FILES[name], "jvpgen.jvp(", (distribution / name).read_text())
    assert count
    path = tmp_path / Path(name).name
    path.write_text(re.sub(r"^import jax$", "import jax\nimport jvpgen", text, count=1, flags=re.MULTILINE))
    command = [sys.executable, "-m", "pytest", "-q", "-k", "jvp", "-p", "no:cacheprovider", str(path)]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
