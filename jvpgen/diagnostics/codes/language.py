"""JVP3xx: what of Python the compiler does not differentiate."""

from __future__ import annotations

from jvpgen.diagnostics.codes.discovery import GOOD_MODULE
from jvpgen.diagnostics.entry import Entry, model

ENTRIES = (
    Entry(
        code="JVP301",
        title="statement outside the language",
        severity="warning",
        cause="A method contains a statement that jvpgen does not transform. The whole method runs under "
        "`nn.jvp` instead.",
        remedy="Rewrite the statement, or move it into a function of its own that stays inactive.",
        bad=model(
            GOOD_MODULE.replace(
                "        return 2 * x",
                "        global latest\n        latest = 2 * x\n        return latest",
            )
        ),
        good=model(GOOD_MODULE),
        strict=True,
    ),
    Entry(
        code="JVP302",
        title="expression outside the language",
        severity="warning",
        cause="A method contains an expression that jvpgen does not transform. The whole method runs under "
        "`nn.jvp` instead.",
        remedy="Rewrite the expression as a statement, or move it into a function of its own that stays inactive.",
        bad=model(GOOD_MODULE.replace("return 2 * x", "return (yield x)")),
        good=model(GOOD_MODULE),
        strict=True,
    ),
)
