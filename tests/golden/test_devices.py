"""Golden cases over several devices, which a process has from its start or never."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.golden.cases import GOLDEN


def test_eight_devices() -> None:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/golden/test_golden.py"]
    chosen = "test_executed and shards_of_arrays"
    done = subprocess.run(
        [*command, "-k", chosen], cwd=GOLDEN.parent, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
