"""JVP5xx: which values carry a tangent, and what becomes of it."""

from __future__ import annotations

from jvpgen.diagnostics.codes.discovery import GOOD_MODULE
from jvpgen.diagnostics.entry import Entry, model

ENTRIES = (
    Entry(
        code="JVP501",
        title="active value hidden in a function value",
        severity="warning",
        cause="A function value over an active value goes where only `jax.jvp` or `nn.jvp` can follow it. Its "
        "tangent would be lost if the function were taken for a constant, so the call gets it as an argument; where "
        "that cannot be, the whole method runs under `nn.jvp`.",
        remedy="Pass the value as an argument instead of capturing it.",
        bad=model(
            GOOD_MODULE.replace("import jvpgen", "import jvpgen\nimport mystery").replace(
                "return 2 * x", "return mystery.repeat(lambda y: y * x, 3)"
            )
        ),
        good=model(GOOD_MODULE),
        strict=True,
    ),
)
