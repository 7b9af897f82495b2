"""Where `apply_jvp` finds generated files, however the source was imported: each program runs in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jvpgen.cli.main import main

NETS = """\
import flax.linen as nn
import jvpgen


@jvpgen.derive
class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x) * x.sum()
"""
TOP = """\
import flax.linen as nn
import jvpgen
{}


@jvpgen.derive
class Top(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Net()(x) * 2
"""
RUN = """
import jax, jax.numpy as jnp, warnings
warnings.simplefilter("error")
x = jnp.arange(6.0).reshape(2, 3) / 7
top = Top()
variables = top.init(jax.random.key(0), x)
wanted = jax.jvp(lambda x: top.apply(variables, x), (x,), (x,))[1]
found = jvpgen.apply_jvp(top, variables, (x,), (x,))[1]
assert jnp.allclose(found, wanted, rtol=1e-5), (found, wanted)
"""
AS_MAIN = 'if __name__ == "__main__":\n' + "".join(f"    {line}\n" for line in RUN.splitlines())
CALL = """
    assert jnp.allclose({module}.Top_jvp(top, variables, x, x_dot=x)[1], wanted, rtol=1e-5)
"""


def run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), "."])}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def test_output_folder(project):
    root = project(
        {
            "pyproject.toml": '[tool.jvpgen]\noutput = "generated"\n',
            "models/__init__.py": "",
            "models/nets.py": NETS,
            "models/sub/__init__.py": "",
            "models/sub/top.py": TOP.format("from ..nets import Net"),
            "run.py": f"import jvpgen\nfrom models.sub.top import Top\n{RUN}",
        }
    )
    assert main([]) == 0
    assert (root / "generated/models/sub/top_jvp.py").is_file()
    assert run(root, "run.py") == ""
    (root / "models/nets.py").write_text(NETS.replace("x.sum()", "x.max()"))
    stale = "Top.__call__ has changed since its derivative was generated; run  python -m jvpgen models/sub/top.py"
    assert stale in run(root, "run.py")


def test_scripts_beside_each_other(project):
    root = project(
        {
            "scripts/nets.py": NETS,
            "scripts/train.py": TOP.format("from nets import Net")
            + AS_MAIN
            + "    import train_jvp\n    import nets_jvp\n"
            + CALL.format(module="train_jvp"),
        }
    )
    assert main(["scripts"]) == 0
    assert run(root, "scripts/train.py") == ""
    assert run(root / "scripts", "train.py") == ""
    text = (root / "scripts/nets_jvp.py").read_text()
    assert "try:\n    from .nets import Net\nexcept ImportError:" in text
    assert "\nfrom train import Top\n" in (root / "scripts/train_jvp.py").read_text()


def test_namespace_packages(project):
    root = project(
        {
            "models/nets.py": NETS,
            "models/deep/top.py": TOP.format("from ..nets import Net"),
            "run.py": f"import jvpgen\nfrom models.deep.top import Top\n{RUN}",
        }
    )
    assert main(["models"]) == 0
    assert "\nfrom .top import Top\n" in (root / "models/deep/top_jvp.py").read_text()
    assert run(root, "run.py") == ""
    (root / "pyproject.toml").write_text('[tool.jvpgen]\nnamespace-packages = ["models"]\n')
    assert main(["models"]) == 0
    assert "\nfrom .nets import Net\n" in (root / "models/nets_jvp.py").read_text()
    assert run(root, "run.py") == ""


def test_a_package_that_nothing_says_to_be_one(project, tmp_path, monkeypatch):
    root = project({"rf/nets.py": NETS, "rf/top.py": TOP.format("from .nets import Net")})
    (root / "pyproject.toml").unlink()
    (root / "run.py").write_text(f"import jvpgen\nfrom rf.top import Top\n{RUN}")
    assert main(["rf"]) == 0
    assert run(root, "run.py") == ""


@pytest.mark.parametrize("arguments", [("pkg/program.py",), ("-m", "pkg.program")])
def test_main(project, arguments):
    root = project({"pkg/__init__.py": "", "pkg/nets.py": NETS})
    (root / "pkg/program.py").write_text(TOP.format("from pkg.nets import Net") + AS_MAIN)
    assert main(["pkg"]) == 0
    assert run(root, *arguments) == ""


def test_main_whose_generated_file_is_imported_too(project):
    root = project({"nets.py": NETS})
    call = "    import program_jvp\n" + CALL.format(module="program_jvp")
    (root / "program.py").write_text(TOP.format("from nets import Net") + AS_MAIN + call)
    assert main([]) == 0
    assert run(root, "program.py") == ""


def test_transform_in_main(project):
    root = project({"nets.py": NETS})
    call = "    jvpgen.transform(Top)(top, variables, x, x_dot=x)\n"
    (root / "program.py").write_text(TOP.format("from nets import Net") + AS_MAIN + call)
    assert main([]) == 0
    assert run(root, "program.py") == ""


def test_a_later_import_that_tells_what_the_folder_is(project, capsys):
    root = project({"models/nets.py": NETS})
    main(["models"])
    (root / "models/nets.py").write_text(NETS.replace("import jvpgen\n", "import jvpgen\nfrom . import other\n"))
    assert main(["--check", "models"]) == 1
    assert main(["models"]) == 0
    assert main(["--check", "models"]) == 0
    assert "except ImportError" not in (root / "models/nets_jvp.py").read_text()
