"""JVP4xx: calls, and what is known of their derivatives."""

from __future__ import annotations

from jvpgen.diagnostics.codes.discovery import GOOD_MODULE
from jvpgen.diagnostics.entry import Entry, Example, model

_OPS = """\
def scale(x, by):
    return x * by
"""
_RULE = 'jvpgen.rule("ops.scale(x, by)", x_dot="x_dot * by", by_dot="x * by_dot")\n'


_CUSTOM_VJP = GOOD_MODULE.replace("2 * x", "double(x)").replace(
    "import jvpgen\n",
    """\
import jax
import jvpgen


@jax.custom_vjp
def double(x):
    return 2 * x


double.defvjp(lambda x: (2 * x, None), lambda _, g: (2 * g,))
""",
)


def _with_rules(text: str) -> Example:
    """A project whose rules module says `text`."""
    files = {"model.py": GOOD_MODULE, "ops.py": _OPS, "rules.py": f"import jvpgen\n\n{text}"}
    return Example({**files, "pyproject.toml": '[tool.jvpgen]\nrules = ["rules"]\n'})


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
        title="nn.custom_vjp inside of a module",
        severity="warning",
        cause="`nn.custom_vjp` says how a function of a module is differentiated in reverse. It is not written out: it "
        "runs under `nn.jvp`, where JAX refuses it if anything in it moves. Other lifted transforms are no hindrance.",
        remedy="Call the function itself where you differentiate forward.",
        bad=model(
            GOOD_MODULE.replace(
                "        return 2 * x",
                "        return nn.custom_vjp(lambda mdl, x: mdl(x), nn.vjp, lambda pull, y: pull(y))(nn.Dense(2), x)",
            )
        ),
        good=model(GOOD_MODULE.replace("        return 2 * x", "        return nn.remat(nn.Dense)(2)(x)")),
        strict=True,
    ),
    Entry(
        code="JVP405",
        title="statement in a rules module that writes no rule",
        severity="error",
        cause="The modules that `[tool.jvpgen] rules` names are read and never run. They hold imports and calls of "
        "`jvpgen.rule`, `jvpgen.linear`, `jvpgen.multilinear` and `jvpgen.no_tangent` at their top level, whose "
        "arguments are literals.",
        remedy="Write the strings out, and move other code to another module.",
        bad=_with_rules('TERM = "x_dot * by"\n' + _RULE.replace('"x_dot * by"', "TERM")),
        good=_with_rules(_RULE),
    ),
    Entry(
        code="JVP406",
        title="rule that cannot be read",
        severity="error",
        cause="A signature or a term contradicts the grammar of rules. A signature is the call of a function by its "
        "full name; a term is an expression that is linear in the tangent of its parameter.",
        remedy="Correct it: the page on rules (docs/rules.md) has the grammar, with an example of each word.",
        bad=_with_rules(_RULE.replace("x_dot * by", "x_dot ** by")),
        good=_with_rules(_RULE),
    ),
    Entry(
        code="JVP407",
        title="rule that can match nothing",
        severity="error",
        cause="A rule names a function that does not exist, something that is no function, or parameters that the "
        "function does not have.",
        remedy="Use the function's full name, and its own parameter names in its own order.",
        bad=_with_rules(_RULE.replace("ops.scale", "ops.scales")),
        good=_with_rules(_RULE),
    ),
    Entry(
        code="JVP408",
        title="two rules for one function",
        severity="error",
        cause="Two rules name the same function, by the same name or by two that lead to it.",
        remedy="Remove one of them.",
        bad=_with_rules(_RULE + _RULE),
        good=_with_rules(_RULE),
    ),
    Entry(
        code="JVP409",
        title="rule in place of jvpgen's own",
        severity="note",
        cause="jvpgen has a rule for this function. That of the project is used instead.",
        remedy="Nothing needs to be done, if that is meant.",
        bad=_with_rules('jvpgen.rule("jnp.tanh(x)", x_dot="x_dot * (1 - out**2)")\n'),
        good=_with_rules(_RULE),
    ),
    Entry(
        code="JVP410",
        title="active value into a function with a jax.custom_vjp",
        severity="error",
        cause="`jax.custom_vjp` says how a function is differentiated in reverse, and `jax.jvp` refuses it: there is "
        "no derivative in forward mode that its author has meant.",
        remedy="Give the function a rule (docs/rules.md), or have its source differentiated: "
        '`custom_vjp = "primal"` in `[tool.jvpgen]`, or `@jvpgen.derive(custom_vjp="primal")`.',
        bad=model(_CUSTOM_VJP),
        good=model(_CUSTOM_VJP.replace("@jvpgen.derive", '@jvpgen.derive(custom_vjp="primal")')),
    ),
)
