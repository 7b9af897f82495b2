"""Keys: what they see, what they do not, and that every environment gives the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jvpgen.project.configuration import Config
from jvpgen.project.keys import body_key, definitions, generator_key, source_key, text_key

BASE = """\
class CNN(nn.Module):
    features: int = 16

    @nn.compact
    def __call__(self, x, *, train: bool = True):
        \"\"\"Doc.\"\"\"
        x = nn.Dense(self.features, name="first")(x)
        if train: x = x[..., None] * (x + 1.0)
        return {'a': x, "b": (x, 2)}, f"{x.shape}"
"""

SAME = {
    "comments": BASE.replace("features: int = 16", "features: int = 16  # a comment\n    # another"),
    "blank lines": BASE.replace("\n\n", "\n\n\n\n"),
    "quotes": BASE.replace('"first"', "'first'"),
    "split strings": BASE.replace('"first"', '"fi" "rst"'),
    "wrapped call": BASE.replace('(self.features, name="first")', '(\n    self.features,\n    name="first",\n)'),
    "parentheses": BASE.replace("return {'a': x, \"b\": (x, 2)}", "return ({'a': (x), \"b\": (x, 2)})"),
    "one-line suite": BASE.replace("if train: x", "if train:\n            x"),
    "semicolons": BASE.replace("        return", "        pass; return").replace("pass; ", ""),
    "continuation": BASE.replace("x = nn", "x = \\\n    nn"),
    "indentation": BASE.replace("    ", "  "),
    "line ends": BASE.replace("\n", "\r\n"),
    "numbers": BASE.replace("1.0", "1."),
    "f-string quotes": BASE.replace('f"{x.shape}"', "f'{x.shape}'"),
    "indented as a whole": "".join("    " + line for line in BASE.splitlines(keepends=True)),
}
DIFFERENT = {
    "a name": BASE.replace("features", "width"),
    "a number": BASE.replace("16", "17"),
    "a string": BASE.replace("first", "second"),
    "an operator": BASE.replace("x + 1", "x - 1"),
    "precedence": BASE.replace("* (x + 1.0)", "* x + 1.0"),
    "a tuple": BASE.replace("(x, 2)}", "(x, 2),}").replace("(x, 2),}", "((x,), 2)}"),
    "a one-element index": BASE.replace("x[..., None]", "x[...,]"),
    "a keyword": BASE.replace("name=", "kernel_init="),
    "an f-string": BASE.replace("{x.shape}", "{x.shape!r}"),
    "an f-string that prints its name": BASE.replace("{x.shape}", "{x.shape=}"),
    "a star": BASE.replace("(self, x, *, train", "(self, x, train"),
    "nesting": BASE.replace("        return", "            return"),
    "bytes": BASE.replace("'a'", "b'a'"),
    "a relative import": BASE + "from .. import y\n",
}


@pytest.mark.parametrize("change", SAME)
def test_layout_does_not_count(change):
    assert source_key([SAME[change]]) == source_key([BASE])
    assert body_key([SAME[change]]) == body_key([BASE])


@pytest.mark.parametrize("change", DIFFERENT)
def test_meaning_counts(change):
    assert DIFFERENT[change] != BASE
    assert source_key([DIFFERENT[change]]) != source_key([BASE])
    assert body_key([DIFFERENT[change]]) != body_key([BASE])
    assert text_key([DIFFERENT[change]]) != text_key([BASE])


def test_docstrings_count_in_the_body_only():
    other = BASE.replace("Doc.", "Another.")
    assert source_key([other]) == source_key([BASE])
    assert body_key([other]) != body_key([BASE])
    assert body_key([BASE.replace("Doc.", "Doc.   ")]) == body_key([BASE])


def test_adjacent_index_forms_differ():
    assert source_key(["y = x[1]"]) != source_key(["y = x[1,]"])


def test_a_change_of_mere_layout_changes_the_text_key():
    assert text_key([SAME["comments"]]) != text_key([BASE])


def test_order_and_repetition_do_not_count():
    assert text_key(["a", "b"]) == text_key(["b", "a", "b"])


def test_text_that_is_no_python_still_has_a_key():
    assert source_key(["class ("]) != source_key(["class )"])


def test_generator_key_covers_rules_and_settings():
    key = generator_key(Config(), ["tanh"])
    assert key == generator_key(Config(include=("models",), output="out"), ["tanh"])
    assert len({key, generator_key(Config(), ["sin"]), generator_key(Config(line_length=100), ["tanh"])}) == 3


def test_keys_are_the_same_under_any_hash_seed():
    program = (
        "import sys; from jvpgen.project.keys import source_key, text_key; t = sys.stdin.read(); "
        "print(text_key([t, 'b']), source_key([t, 'b']))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=BASE,
            env={"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(runs) == 1


def test_known_keys():
    """Keys stand in committed files: a change of this value makes every one of those stale and 'edited'."""
    assert (text_key([BASE]), source_key([BASE]), body_key([BASE])) == KNOWN


KNOWN = ("f6602ef7adaf", "12ec681753aa", "b428ee65a04c")

# --- definitions ------------------------------------------------------------------------------------------------------

FILE = '''\
"""A file."""
import jax.numpy as jnp
from flax import linen as nn, struct

A, (B, *C) = 1, (2, 3)
if A:
    D = 4
else:
    E = 5

# About F.
@decorated
class F:  # trailing
    x = """
not at the margin's mercy
"""
    # inside

# Between.
def g():
    inner = 1
    return inner
A += 1
'''


def test_definitions_are_the_top_level_statements_by_name():
    found = definitions(FILE)
    assert set(found) == {"", "jnp", "nn", "struct", "A", "B", "C", "D", "E", "F", "g"}
    assert found["F"].startswith("@decorated\nclass F:  # trailing\n")
    assert found["F"].endswith("    # inside\n")
    assert found["g"] == "def g():\n    inner = 1\n    return inner\n"
    assert found["A"] == "A, (B, *C) = 1, (2, 3)\nif A:\n    D = 4\nelse:\n    E = 5\nA += 1\n".replace(
        "if A:\n    D = 4\nelse:\n    E = 5\n", ""
    )
    assert found["nn"] == found["struct"] == "from flax import linen as nn, struct\n"


def test_definitions_do_not_depend_on_the_parser(monkeypatch):
    import jvpgen.project.keys as keys

    real = keys.ast.parse

    def older(text):
        if "@decorated" in text and "import jax" in text:
            raise SyntaxError("newer syntax")
        return real(text)

    expected = dict(definitions(FILE))
    definitions.cache_clear()
    monkeypatch.setattr(keys.ast, "parse", older)
    assert dict(definitions(FILE)) == expected
    definitions.cache_clear()
