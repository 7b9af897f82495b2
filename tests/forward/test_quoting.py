"""Statements of the source as comments: the user's words, whole in up to three lines, ended at sensible places."""

from __future__ import annotations

import pytest

from jvpgen.forward.quoting import joined, quoted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = mean**2 + a * b", "y = mean**2 + a * b"),
        ("x = (\n    a + b  # why\n    + c\n)", "x = a + b + c"),
        ("x = (a + b)", "x = (a + b)"),
        ("x = (a) + (\n    b)", "x = (a) + (b)"),
        ("x = (\n    a,\n    b,\n)", "x = (a, b)"),
        ("x = (\n    a,\n)", "x = (a,)"),
        ("x = f(\n    a,\n    # all of it\n    b,\n)", "x = f(a, b)"),
        ("x = f(\n    a\n)(\n    b\n)", "x = f(a)(b)"),
        ("x = (\n    y\n    .reshape(3)\n    .sum()\n)", "x = y.reshape(3).sum()"),
        ("x = a + \\\n    b", "x = a + b"),
        ("x = 'a  # b' f'{c}' \\\n    \"d,  )\"", "x = 'a  # b' f'{c}' \"d,  )\""),
        ("x = f('''one\n  two''')", "x = f('''one two''')"),
        ("return (\n    a if b else c\n)", "return a if b else c"),
        ("return (\n    a for a in b\n)", "return (a for a in b)"),
        ("x[\n    0,\n] = b", "x[0,] = b"),
    ],
)
def test_joined(text, expected):
    assert joined(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = jnp.tanh(x)", ["# y = jnp.tanh(x)"]),
        ("mean = jnp.sum(weights * values, axis=-1, keepdims=True)",
         ["# mean = jnp.sum(weights * values, axis=-1,", "#     keepdims=True)"]),
        ("y = nn.Dense(3 * self.features)(nn.silu(condition))",
         ["# y = nn.Dense(3 * self.features)(", "#     nn.silu(condition))"]),
        ("total = first_part(values) + second_part(values) * third",
         ["# total = first_part(values)", "#     + second_part(values) * third"]),
        ("rows = [nn.Dense(width, use_bias=False)(row) for row, width in pairs]",
         ["# rows = [nn.Dense(width, use_bias=False)(row)", "#     for row, width in pairs]"]),
        ("y = gate(alpha, beta) if condition(alpha) else lambda a, b: a + b + alpha",
         ["# y = gate(alpha, beta) if condition(alpha)", "#     else lambda a, b: a + b + alpha"]),
        ("y = " + " + ".join(f"term_{number}" for number in range(20)),
         ["# y = term_0 + term_1 + term_2 + term_3", "#     + term_4 + term_5 + term_6 + term_7",
          "#     + term_8 + term_9 + term_10 ..."]),
        ("y = " + "a" * 200, ["# y = " + "a" * 36 + " ..."]),
    ],
)  # fmt: skip
def test_quoted(text, expected):
    lines = list(quoted(text, 46))
    assert lines == expected
    assert all(len(line) <= 46 for line in lines)
