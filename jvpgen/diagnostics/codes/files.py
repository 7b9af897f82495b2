"""JVP9xx: the project, its files and its configuration."""

from __future__ import annotations

from jvpgen.diagnostics.codes.discovery import GOOD_MODULE
from jvpgen.diagnostics.entry import Entry, Example, model

GOOD = model(GOOD_MODULE)

ENTRIES = (
    Entry(
        code="JVP901",
        title="syntax error",
        severity="error",
        cause="The file is not valid Python, so nothing was generated from it.",
        remedy="Correct the file. Files that use a newer Python's syntax need a jvpgen whose parser knows it.",
        bad=model(GOOD_MODULE.replace("def __call__(self, x):", "def __call__(self, x:")),
        good=GOOD,
    ),
    Entry(
        code="JVP902",
        title="file that is not UTF-8",
        severity="error",
        cause="The file's bytes are no text in UTF-8, or in the encoding that its first lines declare.",
        remedy="Save the file as UTF-8, or exclude it with `[tool.jvpgen] exclude`.",
        bad=Example({"model.py": GOOD_MODULE + "# caf\udce9\n"}),  # a lone byte 0xE9, as `surrogateescape` writes it
        good=Example({"model.py": GOOD_MODULE + "# café\n"}),
    ),
    Entry(
        code="JVP903",
        title="file that cannot be read",
        severity="error",
        cause="The operating system refused to read the file.",
        remedy="Check the file's permissions and, if it is a link, what it points to.",
        bad=Example({"model.py/inside.txt": "model.py is a folder\n"}, staged=False),
        good=GOOD,
    ),
    Entry(
        code="JVP904",
        title="path that does not exist",
        severity="error",
        cause="A path on the command line, or in `[tool.jvpgen] include`, names neither a file nor a folder.",
        remedy="Correct the path.",
        bad=Example({"model.py": GOOD_MODULE}, "model.py modle.py"),
        good=GOOD,
    ),
    Entry(
        code="JVP905",
        title="output edited by hand",
        severity="error",
        cause="The generated file was changed after it was written, and generating it again would lose the change.",
        remedy="Change the source, or a rule, instead. `jvpgen --force` overwrites the edit.",
        bad=Example({"model.py": GOOD_MODULE}, "model.py", {"model_jvp.py": "EXTRA = 1\n"}),
        good=Example({"model.py": GOOD_MODULE}, "--force model.py", {"model_jvp.py": "EXTRA = 1\n"}),
    ),
    Entry(
        code="JVP906",
        title="output path that is taken",
        severity="error",
        cause="Where the generated file should go there is a folder, or a file that jvpgen did not write.",
        remedy="Move or rename what is there, or choose another `--output` folder. `jvpgen --force` overwrites a "
        "file, never a folder.",
        bad=Example({"model.py": GOOD_MODULE, "model_jvp.py": "# written by hand\n"}),
        good=GOOD,
    ),
    Entry(
        code="JVP907",
        title="output that cannot be written",
        severity="error",
        cause="The operating system refused to write the generated file. The file that was there, if any, is as "
        "it was.",
        remedy="Check the folder's permissions and the free space, or choose another `--output` folder.",
        bad=Example({"model.py": GOOD_MODULE, "taken": "a file\n"}, "--output taken model.py"),
        good=Example({"model.py": GOOD_MODULE}, "--output free model.py"),
    ),
    Entry(
        code="JVP908",
        title="output out of date",
        severity="error",
        cause="`--check` found a generated file that differs from what its source gives now.",
        remedy="Run `jvpgen` without `--check` and commit the result.",
        bad=Example({"model.py": GOOD_MODULE}, "--check model.py", {"model.py": "        # and more\n"}),
        good=Example({"model.py": GOOD_MODULE}, "--check model.py", {}),
    ),
    Entry(
        code="JVP909",
        title="output missing",
        severity="error",
        cause="`--check` found a source whose generated file does not exist.",
        remedy="Run `jvpgen` without `--check` and commit the result.",
        bad=Example({"model.py": GOOD_MODULE}, "--check model.py"),
        good=Example({"model.py": GOOD_MODULE}, "--check model.py", {}),
    ),
    Entry(
        code="JVP910",
        title="orphaned output",
        severity="error",
        cause="A generated file's source is gone, or no longer asks for a derivative.",
        remedy="Run `jvpgen --prune` to delete it. Only files that bear jvpgen's first line are ever deleted.",
        bad=Example({"model.py": GOOD_MODULE, "other.py": "x = 1\n"}, "--check .", {"model.py": None}),
        good=Example({"model.py": GOOD_MODULE, "other.py": "x = 1\n"}, "--prune .", {"model.py": None}),
    ),
    Entry(
        code="JVP911",
        title="unknown configuration key",
        severity="error",
        cause="`[tool.jvpgen]` holds a key that jvpgen does not know.",
        remedy="Correct or remove the key.",
        bad=Example({"model.py": GOOD_MODULE, "pyproject.toml": "[tool.jvpgen]\nline_length = 100\n"}),
        good=Example({"model.py": GOOD_MODULE, "pyproject.toml": "[tool.jvpgen]\nline-length = 100\n"}),
    ),
    Entry(
        code="JVP912",
        title="configuration value of the wrong kind",
        severity="error",
        cause="A key of `[tool.jvpgen]` has a value of a type, or outside the range, that it cannot have.",
        remedy="Give the value the kind that the message names.",
        bad=Example({"model.py": GOOD_MODULE, "pyproject.toml": '[tool.jvpgen]\ninclude = "models"\n'}),
        good=Example({"model.py": GOOD_MODULE, "pyproject.toml": '[tool.jvpgen]\ninclude = ["models"]\n'}),
    ),
    Entry(
        code="JVP913",
        title="pyproject.toml that cannot be parsed",
        severity="error",
        cause="The nearest `pyproject.toml` is not valid TOML, or cannot be read.",
        remedy="Correct the file.",
        bad=Example({"model.py": GOOD_MODULE, "pyproject.toml": "[tool.jvpgen\n"}),
        good=Example({"model.py": GOOD_MODULE, "pyproject.toml": "[tool.jvpgen]\n"}),
    ),
    Entry(
        code="JVP999",
        title="failure inside jvpgen",
        severity="error",
        cause="jvpgen itself failed on this file. Nothing was generated from it; the other files are not affected.",
        remedy="Report it, with the file and the notes of this diagnostic.",
        bad=Example({"model.py": GOOD_MODULE}, staged=False),
        good=GOOD,
    ),
)
