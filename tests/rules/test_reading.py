"""Rules modules, read as text: which rules they hold, and what is said of those that are wrong, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from jvpgen.rules.reading import UserRules, hold, own_rule, user_rules
from jvpgen.rules.users import written
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Reach
from tests.conftest import write_files
from tests.examples.documents import blocks

OPS = """\
import functools
import jax
import jvpgen
import otherlib
from otherlib import borrowed


def scale(x, by, power=2):
    return x * by


@functools.partial(jax.jit, static_argnames="n")
def shift(x, n):
    return x


@otherlib.wrap
def wrapped(x):
    return x


@jvpgen.no_tangent
def hard(x):
    return x


soft = jvpgen.no_tangent(scale)
alias = jax.nn.silu


class Layer:
    def method(self, x):
        return x

    @staticmethod
    def static(x):
        return x
"""
SCALE = 'jvpgen.rule("lib.ops.scale(x, by)", x_dot="x_dot * by", by_dot="x * by_dot")\n'


def reach_of(root: Path, rules: str, ops: str = OPS) -> Reach:
    files = {"lib/__init__.py": "from lib.ops import scale\n", "lib/ops.py": ops, "lib/jvp_rules.py": rules}
    return Reach(write_files(root, files), rules=["lib.jvp_rules"])


def read(root: Path, text: str) -> UserRules:
    return user_rules(reach_of(root, f"import jvpgen\n\n{text}"))


def complaints(root: Path, text: str) -> list[tuple[str, int, str]]:
    found = read(root, text).problems
    return [(item.code, item.span.line if item.span else 0, item.message) for item in found]


def test_rules_stand_under_the_name_that_their_function_is_defined_by(tmp_path: Path) -> None:
    found = read(tmp_path, '"""Rules."""\n' + SCALE.replace("lib.ops.scale", "lib.scale"))
    assert list(found.table) == ["lib.ops.scale"] and found.modules == ("lib.jvp_rules",) and not found.problems
    assert found.table["lib.ops.scale"].place == "lib/jvp_rules.py:4"


def test_words_are_known_by_what_they_are_imported_as(tmp_path: Path) -> None:
    text = 'from jvpgen import linear as lin, no_tangent\nlin("lib.ops.shift(x, n)")\nno_tangent("otherlib." "f")\n'
    reach = reach_of(tmp_path, text)
    assert {name: rule.kind for name, rule in user_rules(reach).table.items()} == {
        "lib.ops.shift": "linear",
        "otherlib.f": "constant",
    }


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("TERM = 'x_dot'\n", "JVP405", "`TERM = 'x_dot'` writes no rule"),
        ("for name in ():\n    pass\n", "JVP405", "`for name in ():` writes no rule"),
        ("print('lib.ops.scale(x)')\n", "JVP405", "writes no rule"),
        ("jvpgen.derive(print)\n", "JVP405", "writes no rule"),
        ('jvpgen.rule("lib.ops.scale(x, by)", x_dot=TERM)\n', "JVP405", "`TERM` is no literal"),
        ('jvpgen.rule(f"lib.ops.scale(x, by)", x_dot="x_dot")\n', "JVP405", "is no literal"),
        ('jvpgen.rule(*["lib.ops.scale(x, by)"])\n', "JVP405", "is no literal"),
        ("jvpgen.linear()\n", "JVP406", "is given no signature"),
        ('jvpgen.rule("lib.ops.scale(x, by", x_dot="x_dot")\n', "JVP406", "cannot read the signature"),
        ('jvpgen.rule("lib.ops.scale(x, by)", x_dot="x_dot *")\n', "JVP406", "is no expression"),
        (SCALE.replace("lib.ops.scale", "lib.ops.scales"), "JVP407", "`lib/ops.py` has no `scales`"),
        (SCALE.replace("lib.ops.scale", "lib.opps.scale"), "JVP407", "`lib/__init__.py` has no `opps`"),
        (SCALE.replace("lib.ops.scale", "lib.ops"), "JVP407", "it is a module"),
        (SCALE.replace("by", "factor"), "JVP407", "is `by`, not `factor`"),
        (SCALE.replace("x * by_dot", "x * power * by_dot").replace("by)", "by, power)"), "JVP407", "needs power=2"),
        ('jvpgen.no_tangent("lib.ops.Layer")\n', "JVP407", "it is a class"),
        ('jvpgen.no_tangent("lib.ops.Layer.method")\n', "JVP407", "it is a method"),
        (SCALE + SCALE.replace("lib.ops", "lib"), "JVP408", "has a rule already, at lib/jvp_rules.py:3"),
        ('jvpgen.no_tangent("jnp.tanh")\n', "JVP409", "replaces jvpgen's own"),
        ('jvpgen.no_tangent("lib.ops.alias")\n', "JVP409", "this rule for `jax.nn.silu` replaces"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, code: str, message: str) -> None:
    (found,) = complaints(tmp_path, text)
    assert found[0] == code and message in found[2]


def test_what_cannot_be_known_is_believed(tmp_path: Path) -> None:
    text = "".join(
        f'jvpgen.linear("{name}(a)")\n'
        for name in ("otherlib.f", "lib.ops.borrowed", "lib.ops.wrapped", "lib.ops.soft", "jax.scipy.special.i0e")
    )
    assert complaints(tmp_path, text) == []
    assert complaints(tmp_path, 'jvpgen.linear("lib.ops.Layer.static(x)")\n') == []


def test_places_are_those_of_the_strings(tmp_path: Path) -> None:
    text = 'jvpgen.rule(\n    "lib.ops.scale(x, by)",\n    x_dot="x_dot * by",\n    by_dot="x",\n)\n'
    (found,) = read(tmp_path, text).problems
    assert found.span is not None and (found.span.line, found.span.column) == (6, 12)


def test_a_module_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert user_rules(Reach(tmp_path, rules=["lib.jvp_rules"])).missing == ("lib.jvp_rules",)


def test_decorated_functions_have_no_tangent(tmp_path: Path) -> None:
    reach = reach_of(tmp_path, "")
    source = reach.load(tmp_path / "lib/ops.py")
    assert isinstance(source, SourceModule)
    kinds = {name: own_rule(f"lib.ops.{name}", source, reach) for name in ("hard", "soft", "scale", "borrowed")}
    assert [name for name, rule in kinds.items() if rule is not None and rule.kind == "constant"] == ["hard", "soft"]
    assert kinds["scale"] is None


def test_what_a_program_has_registered_can_be_held(tmp_path: Path) -> None:
    reach = Reach(write_files(tmp_path, {"lib/ops.py": OPS}))
    hold(reach, written("linear", ["lib.ops.shift(x, n)"], {}))
    source = reach.load(tmp_path / "lib/ops.py")
    assert isinstance(source, SourceModule)
    assert own_rule("lib.ops.shift", source, reach) is not None
    assert own_rule("lib.ops.scale", source, reach) is None


def test_a_rule_for_a_function_of_jax_is_none_for_numpy_s(tmp_path: Path) -> None:
    reach = reach_of(tmp_path, 'import jvpgen\njvpgen.no_tangent("jnp.tanh")\njvpgen.no_tangent("nn.silu")\n')
    source = reach.load(tmp_path / "lib/ops.py")
    assert isinstance(source, SourceModule)
    assert own_rule("jax.numpy.tanh", source, reach) and own_rule("jax.nn.silu", source, reach)
    assert own_rule("numpy.tanh", source, reach) is None


def test_the_page_on_rules_shows_rules_that_can_be_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "rules.md"
    shown = [block.text for block in blocks(page) if block.language == "py" and block.text.startswith("jvpgen.")]
    reach = Reach(write_files(tmp_path, {"jvp_rules.py": "import jvpgen\n\n" + "".join(shown)}), rules=["jvp_rules"])
    found = user_rules(reach)
    assert not found.problems
    assert {rule.kind for rule in found.table.values()} == {"formula", "linear", "multilinear", "constant"}
