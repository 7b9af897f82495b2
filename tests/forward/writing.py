"""Bodies for tests: the text that the compiler writes for one method, without a file around it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from jvpgen.diagnostics.report import Report
from jvpgen.emit.file import Settings
from jvpgen.pipeline import derive_file
from jvpgen.source.reach import Reach

HEAD = "import flax.linen as nn\nimport jax\nimport jax.numpy as jnp\nimport jvpgen\n\n"


def body_of_method(folder: Path, body: str, *, signature: str = "x", fields: str = "width: int = 3") -> str:
    """The statements written for a compact `__call__` with the given body, from the line after its `def`."""
    path = folder / "model.py"
    method = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    text = (
        f"@jvpgen.derive\nclass M(nn.Module):\n    {fields}\n\n    @nn.compact\n    def __call__(self, {signature}):\n"
    )
    path.write_text(HEAD + text + method + "\n")
    report = Report()
    derived = derive_file(path, Reach(folder), (), Settings(), report)
    assert derived is not None
    assert not list(report), [item.message for item in report]
    lines = derived.text.partition("def _M(")[2].splitlines()
    start = next(index for index, line in enumerate(lines) if line.endswith(":"))
    written = lines[start + 1 :]
    end = next((index for index, line in enumerate(written) if line and not line.startswith(" ")), len(written))
    return textwrap.dedent("\n".join(written[:end])).strip()
