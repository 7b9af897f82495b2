"""How a generated file imports its source: as the source's own imports say, or in both ways where nothing says it.

A folder with an `__init__.py` is a package. One without may be a namespace package (`import models.cnn`), or a folder
of scripts that import each other by their bare names (`python models/train.py`, `import cnn`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from jvpgen.source.bindings import Binding
from jvpgen.source.module import SourceModule, is_name
from jvpgen.source.reach import Reach

EITHER = "except ImportError:  # this folder is no package here"


@dataclass(frozen=True)
class Home:
    """The module of the source, as the generated file names it; `alone` is its name where its folder is no package.

    `absolute` says that the generated file stands elsewhere: then `package` is what relative imports start from.
    """

    module: str
    alone: str | None = None
    absolute: bool = False
    package: str = ""

    @property
    def is_importable(self) -> bool:
        """Whether an import statement can name the source."""
        return all(is_name(part) for part in self.module.lstrip(".").split(".") if part)

    def named(self, module: str, statement: cst.ImportFrom) -> str:
        """The absolute name of a module that the source imports."""
        prefix = self.package if statement.relative and self.package else ""
        return f"{prefix}.{module}" if prefix and not f"{module}.".startswith(f"{prefix}.") else module


def home_of(source: SourceModule, reach: Reach, absolute: bool, packages: Sequence[str] = ()) -> Home:
    """How the file generated from `source` imports it. `packages` are folders that are packages, said to be so."""
    stem = source.name.rpartition(".")[2]
    if os.path.isfile(source.absolute.parent / "__init__.py") or not reach.in_project(source.absolute):
        relative = "." if source.is_package else f".{stem}"
        return Home(source.name, absolute=True) if absolute or not source.package else Home(relative)
    found = list(_imports(source, reach))
    if any(isinstance(item.node, cst.ImportFrom) and item.node.relative for item in found):
        package = source.package or source.absolute.parent.name
        return Home(f"{package}.{stem}", absolute=True, package=package) if absolute else Home(f".{stem}")
    at_root = not source.package and (absolute or os.path.isfile(reach.root / "pyproject.toml"))
    if at_root or any(_is_sibling(item, source, reach) for item in found):
        return Home(stem, absolute=absolute)
    module = source.name if absolute else f".{stem}"
    listed = any(f"{source.path}/".startswith(f"{folder.strip('/')}/") for folder in packages)
    return Home(module, None if listed else stem, absolute)


def _imports(source: SourceModule, reach: Reach) -> Iterator[Binding]:
    for bindings in reach.names(source).bindings.values():
        yield from (binding for binding in bindings if binding.kind == "import")


def _is_sibling(binding: Binding, source: SourceModule, reach: Reach) -> bool:
    """Whether an import names a file beside the source by its bare name, and nothing at the project's root."""
    first = binding.module.partition(".")[0]
    here = source.absolute.parent
    roots = [folder for folder in (reach.root, reach.root / "src") if folder != here]
    if any(os.path.isdir(folder / first) or os.path.isfile(folder / f"{first}.py") for folder in roots):
        return False
    return os.path.isfile(here / f"{first}.py") or os.path.isfile(here / first / "__init__.py")
