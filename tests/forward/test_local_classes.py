"""Classes inside functions: no name leads to them, and nothing stops at them."""

from __future__ import annotations

from jvpgen.diagnostics.report import Report
from jvpgen.emit.file import Settings
from jvpgen.pipeline import derive_file
from jvpgen.source.reach import Reach

SOURCE = """
import flax.linen as nn
import jvpgen


def make():
    class Local(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2)(x)

    class Gain:
        def __init__(self, value):
            self.value = value

        def __mul__(self, other):
            return self.value * other

        def scaled(self, x):
            return x * self.value

    return Local, Gain


@jvpgen.derive
class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        Local, Gain = make()
        return Local()(x) * 2 + Gain(3.0).scaled(x)
"""


def test_they_are_left_to_the_runtime(project):
    root = project({"model.py": SOURCE})
    report = Report()
    for settings in (Settings(), Settings(everything=True), Settings(everything=True, inspect=True)):
        made = derive_file(root / "model.py", Reach(root), (), settings, report)
        assert made is not None
        compile(made.text, "model_jvp.py", "exec")
        assert settings.inspect or "opaque" not in made.text
        assert not [found for found in report if found.severity == "error"]
    assert [item["class"] for item in made.inspections if item["opaque"]] == ["make.<locals>.Local"]
