"""JVP4xx: calls, and what is known of their derivatives."""

from __future__ import annotations

from jvpgen.diagnostics.codes.discovery import GOOD_MODULE
from jvpgen.diagnostics.entry import Entry, model

ENTRIES = (
    Entry(
        code="JVP401",
        title="active value into an unknown function",
        severity="warning",
        cause="A value that carries a tangent goes into a function that has no rule and whose source is out of "
        "reach. That one call "
        "runs under `jax.jvp`.",
        remedy="Use a function that has a rule, name the function's package in `[tool.jvpgen] follow`, or give "
        "it a rule.",
        bad=model(
            GOOD_MODULE.replace("import jvpgen", "import jvpgen\nimport mystery").replace("2 * x", "mystery.scale(x)")
        ),
        good=model(GOOD_MODULE),
        strict=True,
    ),
    Entry(
        code="JVP402",
        title="function without a derivative here",
        severity="warning",
        cause="The rules name this function and say why they give it no derivative. The method runs under `nn.jvp`.",
        remedy="Leave the function out of what is differentiated, or apply `jax.lax.stop_gradient` to its argument.",
        bad=model(GOOD_MODULE.replace("return 2 * x", "return x * x.item()")),
        good=model(GOOD_MODULE),
        strict=True,
    ),
    Entry(
        code="JVP403",
        title="method that runs under nn.jvp",
        severity="warning",
        cause="Something in a method is beyond the compiler, so the whole bound method runs under `nn.jvp`: its "
        "value and derivative are right, "
        "but they are computed by JAX and not written out.",
        remedy="See the other diagnostics of this method for what stood in the way.",
        bad=model(
            GOOD_MODULE.replace("import jvpgen", "import jvpgen\nimport mystery").replace(
                "    @nn.compact", "    @nn.compact\n    @mystery.wrap"
            )
        ),
        good=model(GOOD_MODULE),
        strict=True,
    ),
    Entry(
        code="JVP404",
        title="lifted transform that runs under nn.jvp",
        severity="warning",
        cause="Lifted derivatives (`nn.jvp`, `nn.vjp`, `nn.grad`, `nn.value_and_grad`) and `nn.custom_vjp` inside a "
        "module are not written out: they run under `nn.jvp`, with the right value and derivative. Other lifted "
        "transforms are no hindrance.",
        remedy="Nothing needs to be done. `jvpgen.jvp` in place of `nn.jvp` runs generated code inside.",
        bad=model(
            GOOD_MODULE.replace(
                "        return 2 * x", "        return nn.grad(lambda mdl, x: (mdl(x) ** 2).sum(), nn.Dense(2), x)[0]"
            )
        ),
        good=model(GOOD_MODULE.replace("        return 2 * x", "        return nn.remat(nn.Dense)(2)(x)")),
        strict=True,
    ),
)
