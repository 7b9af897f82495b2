"""What single statements become: the order of evaluation, names of temporaries, and nothing that is not needed."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.forward.writing import body_of_method

CASES = {
    "a rule that uses its output names nothing but its argument": (
        "x = jnp.tanh(x * self.width)\nreturn x",
        "# x = jnp.tanh(x * self.width)\n"
        "scaled, scaled_dot = x * self.width, x_dot * self.width\n"
        "x = jnp.tanh(scaled)\n"
        "x_dot = scaled_dot * (1 - x**2)\n"
        "return x, x_dot",
    ),
    "the outer module is made before its argument is computed": (
        "return nn.Dense(2)(nn.Dense(4)(x))",
        "# return nn.Dense(2)(nn.Dense(4)(x))\n"
        "dense_layer = nn.Dense(2)\n"
        "dense, dense_dot = pushforward(nn.Dense(4), (x,), (x_dot,))\n"
        "return pushforward(dense_layer, (dense,), (dense_dot,))",
    ),
    "a function of a package that is not read may use the module around it": (
        'import otherlib\nw = otherlib.weight("w")\nreturn x * w',
        "import otherlib\n\n"
        'w, w_dot = pushforward(otherlib.weight, ("w",), (None,))\n'
        "return x * w, x_dot * w + x * w_dot",
    ),
    "a random mask is drawn once": (
        'return x * jax.random.bernoulli(self.make_rng("d"), 0.5, x.shape)',
        'bernoulli = jax.random.bernoulli(self.make_rng("d"), 0.5, x.shape)\nreturn x * bernoulli, x_dot * bernoulli',
    ),
    "a layer in one branch of a ternary runs in that branch only": (
        "y = nn.Dense(2)(x) if self.width else x\nreturn y",
        "if self.width:\n"
        "    y, y_dot = pushforward(nn.Dense(2), (x,), (x_dot,))\n"
        "else:\n"
        "    y, y_dot = x, x_dot\n"
        "return y, y_dot",
    ),
    "an inactive value has no tangent code": (
        "n = x.shape[0]\nm = n // 2 + self.width\nreturn x[:m]",
        "n = x.shape[0]\nm = n // 2 + self.width\nreturn x[:m], x_dot[:m]",
    ),
    "the zero of an inactive operand gives its shape": (
        "return x + jnp.arange(self.width)",
        "arange = jnp.arange(self.width)\nreturn x + arange, x_dot + zero(arange)",
    ),
    "a literal needs no zero": ("return 2 * x + 1", "return 2 * x + 1, 2 * x_dot"),
    "a statement that becomes more than a temporary and its use is quoted": (
        "return jnp.exp(x + 1) * self.width",
        "# return jnp.exp(x + 1) * self.width\n"
        "exp = jnp.exp(x + 1)\n"
        "exp_dot = x_dot * exp\n"
        "return exp * self.width, exp_dot * self.width",
    ),
    "so is one of which a part is longer than a line": (
        "return nn.Dense(2, use_bias=False, kernel_init=nn.initializers.ones)(x).sum() * 2",
        "# return nn.Dense(2, use_bias=False, kernel_init=nn.initializers.ones)(x).sum() * 2\n"
        "dense, dense_dot = pushforward(\n"
        "    nn.Dense(2, use_bias=False, kernel_init=nn.initializers.ones), (x,), (x_dot,)\n"
        ")\n"
        "return dense.sum() * 2, dense_dot.sum() * 2",
    ),
    "a value is swapped without a temporary": (
        "y = 2 * x\nx, y = y, x\nreturn x - y",
        "y, y_dot = 2 * x, 2 * x_dot\nx, y, x_dot, y_dot = y, x, y_dot, x_dot\nreturn x - y, x_dot - y_dot",
    ),
    "a tangent that nothing reads is not written": (
        "y = nn.Dense(2)(x)\nreturn x.shape, y.shape",
        "y, _ = pushforward(nn.Dense(2), (x,), (x_dot,))\nreturn (x.shape, y.shape), zero((x.shape, y.shape))",
    ),
    "a store reads what it changes before it changes it": (
        'd = {"a": x}\nd["a"] = d["a"] * x\nreturn d',
        'd, d_dot = {"a": x}, {"a": x_dot}\n'
        'd["a"], d_dot["a"] = d["a"] * x, d_dot["a"] * x + d["a"] * x_dot\n'
        "return d, d_dot",
    ),
    "a comment after the last return adds no statement": (
        "return x * 2\n# return x * 3",
        "return x * 2, x_dot * 2\n# return x * 3",
    ),
    "comments at the ends of branches that return": (
        "if self.width:\n    return x  # as it is\n    # done\nelse:\n    raise ValueError\n    # never\n# end",
        "if self.width:\n    return x, x_dot  # as it is\n    # done\nelse:\n    raise ValueError\n    # never\n# end",
    ),
    "a method that may end without a return": (
        "if self.width:\n    return x\n# else nothing",
        "if self.width:\n    return x, x_dot\n# else nothing\nreturn None, None",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_written_text(name: str, tmp_path: Path) -> None:
    source, expected = CASES[name]
    assert body_of_method(tmp_path, source) == textwrap.dedent(expected)


def test_an_edit_touches_only_what_depends_on_it(tmp_path: Path) -> None:
    before = body_of_method(tmp_path, "y = jnp.sin(x)\nz = jnp.exp(x + 1)\nreturn y * z")
    after = body_of_method(tmp_path, "y = jnp.cos(x)\nz = jnp.exp(x + 1)\nreturn y * z")
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
