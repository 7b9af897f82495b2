"""JVP2xx: where names lead, and how far the compiler follows them."""

from __future__ import annotations

from jvpgen.diagnostics.codes.discovery import GOOD_MODULE
from jvpgen.diagnostics.entry import Entry, Example, model

ENTRIES = (
    Entry(
        code="JVP201",
        title="circular definition",
        severity="error",
        cause="A base class or an import leads back to itself, so what the name means cannot be told.",
        remedy="Break the circle: import the name from the file that defines it.",
        bad=model(
            GOOD_MODULE.replace("import jvpgen", "import jvpgen\nfrom layers import scale").replace(
                "2 * x", "scale(x)"
            ),
            layers="from model import scale\n",
        ),
        good=model(
            GOOD_MODULE.replace("import jvpgen", "import jvpgen\nfrom layers import scale").replace(
                "2 * x", "scale(x)"
            ),
            layers="def scale(x):\n    return 2 * x\n",
        ),
    ),
    Entry(
        code="JVP202",
        title="followed package that is not found",
        severity="error",
        cause="`[tool.jvpgen] follow` names a package that is not installed where jvpgen runs. Without it the "
        "output would differ from one environment to the next.",
        remedy="Install the package beside jvpgen (in pre-commit: `additional_dependencies`), or take it out of "
        "`follow`.",
        bad=Example({"model.py": GOOD_MODULE, "pyproject.toml": '[tool.jvpgen]\nfollow = ["no_such_package"]\n'}),
        good=Example({"model.py": GOOD_MODULE, "pyproject.toml": "[tool.jvpgen]\nfollow = []\n"}),
    ),
    Entry(
        code="JVP203",
        title="rules module that is not found",
        severity="error",
        cause="`[tool.jvpgen] rules` names a module that is neither in the project nor in a followed package, or "
        "cannot be read.",
        remedy="Correct the name: it is the module's dotted name, as `import` takes it.",
        bad=Example({"model.py": GOOD_MODULE, "pyproject.toml": '[tool.jvpgen]\nrules = ["no_such_module"]\n'}),
        good=Example(
            {
                "model.py": GOOD_MODULE,
                "rules.py": "import jvpgen\n",
                "pyproject.toml": '[tool.jvpgen]\nrules = ["rules"]\n',
            }
        ),
    ),
)
