"""JVP1xx: what `@jvpgen.derive` may stand on, and what it may say."""

from __future__ import annotations

from jvpgen.diagnostics.entry import Entry, Example, model

GOOD_MODULE = """\
import flax.linen as nn
import jvpgen


@jvpgen.derive
class Double(nn.Module):
    @nn.compact
    def __call__(self, x):
        return 2 * x
"""

ON_METHOD = """\
import flax.linen as nn
import jvpgen


class Double(nn.Module):
    @jvpgen.derive
    @nn.compact
    def __call__(self, x):
        return 2 * x
"""

PLAIN_CLASS = """\
import jvpgen


@jvpgen.derive
class Double:
    def __call__(self, x):
        return 2 * x
"""

NNX = """\
from flax import nnx
import jvpgen


@jvpgen.derive
class Double(nnx.Module):
    def __call__(self, x):
        return 2 * x
"""

IN_FUNCTION = """\
import flax.linen as nn
import jvpgen


def make():
    @jvpgen.derive
    class Double(nn.Module):
        @nn.compact
        def __call__(self, x):
            return 2 * x

    return Double
"""

TWICE = """

@jvpgen.derive(name="NAME")
class Twice(nn.Module):
    @nn.compact
    def __call__(self, x):
        return x + x
"""

ENTRIES = (
    Entry(
        code="JVP101",
        title="decorated class that is no linen Module",
        severity="error",
        cause="`@jvpgen.derive` stands on a class none of whose bases leads to `flax.linen.Module`, as far as "
        "the project's own files show.",
        remedy="Derive from `flax.linen.Module`, or decorate a plain function of arrays instead. A base class in "
        "another "
        "package is found when `[tool.jvpgen] follow` names that package.",
        bad=model(PLAIN_CLASS),
        good=model(GOOD_MODULE),
    ),
    Entry(
        code="JVP102",
        title="decorator on a method",
        severity="error",
        cause="`@jvpgen.derive` stands on a method. Methods are derived with their class: each becomes "
        "`Class_method_jvp`.",
        remedy="Move the decorator to the class.",
        bad=model(ON_METHOD),
        good=model(GOOD_MODULE),
    ),
    Entry(
        code="JVP103",
        title="nnx module",
        severity="error",
        cause="The decorated class is a `flax.nnx.Module`. jvpgen derives `flax.linen` modules, whose variables "
        "stand apart from the module.",
        remedy="Port the module to `flax.linen`, or use `jax.jvp` on a function made with `nnx.split` and `nnx.merge`.",
        bad=model(NNX),
        good=model(GOOD_MODULE),
    ),
    Entry(
        code="JVP104",
        title="two outputs of one name",
        severity="error",
        cause="A derivative would bear the name of another one, or of something that the generated file imports or "
        "makes for itself, or two source files would be written to the same output file.",
        remedy='Give one of them a name of its own: `@jvpgen.derive(name="…")`, or rename the class. Projects whose '
        "files have the same paths need an output folder each.",
        bad=model(GOOD_MODULE + TWICE.replace("NAME", "Double_jvp")),
        good=model(GOOD_MODULE + TWICE.replace("NAME", "twice_dot")),
    ),
    Entry(
        code="JVP105",
        title="derive option that is no literal",
        severity="error",
        cause="jvpgen reads files and never runs them, so the options of `@jvpgen.derive` must be literals: "
        "strings, numbers, booleans, "
        "and tuples or lists of them.",
        remedy="Write the value out in the decorator.",
        bad=model(GOOD_MODULE.replace("@jvpgen.derive", 'NAME = "double_dot"\n\n\n@jvpgen.derive(name=NAME)')),
        good=model(GOOD_MODULE.replace("@jvpgen.derive", '@jvpgen.derive(name="double_dot")')),
    ),
    Entry(
        code="JVP106",
        title="derive option that means nothing",
        severity="error",
        cause="An option of `@jvpgen.derive` is unknown, has a value of the wrong kind, or names an argument or "
        "a variable that the module does not have.",
        remedy="Correct the option; `jvpgen inspect` lists a module's arguments and variables.",
        bad=model(GOOD_MODULE.replace("@jvpgen.derive", '@jvpgen.derive(argument=("x",))')),
        good=model(GOOD_MODULE.replace("@jvpgen.derive", '@jvpgen.derive(arguments=("x",))')),
    ),
    Entry(
        code="JVP107",
        title="decorated definition inside a function",
        severity="error",
        cause="A class or function that is made inside another function cannot be imported, so no generated file "
        "can name it.",
        remedy="Move the definition to the top level of its file, or use `jvpgen.transform` at run time.",
        bad=model(IN_FUNCTION),
        good=model(GOOD_MODULE),
    ),
    Entry(
        code="JVP108",
        title="file that no import statement can name",
        severity="error",
        cause="The generated file imports what it derives from its source, and the source's name, or that of a folder "
        "around it, is no name in Python: `my-model.py`, `class.py`.",
        remedy="Rename the file or the folder, or use `jvpgen.transform` at run time.",
        bad=Example({"my-model.py": GOOD_MODULE}, "my-model.py"),
        good=Example({"my_model.py": GOOD_MODULE}, "my_model.py"),
    ),
)
