"""Where the file of a module is: a dotted name enters, a path leaves, found as Python would but importing nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from jvpgen.source.installed import INSTALLED
from jvpgen.source.module import SourceModule, import_base

# Their functions have rules, or are opaque: what stands in their files is no model code.
NEVER_FOLLOWED = frozenset({"jax", "jaxlib", "numpy", "scipy", "jvpgen", *sys.stdlib_module_names})


class Search:
    """The files that may be followed: the project's under `root`, those of the packages `follow` on `folders`.

    With `everything`, whatever is on `folders`. What has been looked for once is remembered.
    """

    def __init__(self, root: Path, follow: Sequence[str], folders: Iterable[str | Path], everything: bool) -> None:
        self.root = Path(os.path.abspath(root))
        self.follow = tuple(follow)
        self.folders = tuple(Path(os.path.abspath(folder or ".")) for folder in folders)
        self.everything = everything
        self._found: dict[tuple[str, Path | None], Path | None] = {}
        self._tops: dict[tuple[str, Path], bool] = {}

    def in_project(self, path: Path) -> bool:
        """Whether a file is under the root, and not in a virtual environment there."""
        path = Path(os.path.abspath(path))
        return path.is_relative_to(self.root) and INSTALLED.isdisjoint(path.relative_to(self.root).parts)

    def missing(self) -> tuple[str, ...]:
        """The packages of `follow` that are nowhere."""
        own = (self.root, self.root / "src")
        return tuple(name for name in self.follow if not any(self._has(name, place) for place in (*own, *self.folders)))

    def is_own(self, top: str) -> bool:
        """Whether a top-level package or module stands in the project, or is followed."""
        return top in self.follow or any(self._has_top(top, place) for place in (self.root, self.root / "src"))

    def find(self, name: str, asking: SourceModule | None = None) -> Path | None:
        """The file of the module `name`, as the file `asking` would import it; None if none is followed."""
        if name.partition(".")[0] in NEVER_FOLLOWED:
            return None
        home = _home(asking) if asking is not None else None
        key = (name, home)
        if key not in self._found:
            self._found[key] = self._find(name, asking, home)
        return self._found[key]

    def _find(self, name: str, asking: SourceModule | None, home: Path | None) -> Path | None:
        own = [self.root, self.root / "src", import_base(self.root / "__init__.py")]
        if asking is not None and home is not None:
            own = [home, import_base(asking.absolute), *own, asking.absolute.parent]
        anywhere = self.everything or any(name == item or name.startswith(f"{item}.") for item in self.follow)
        for folder in dict.fromkeys([*own, *self.folders] if anywhere else own):
            path = self._in_folder(name, folder)
            if path is not None and (anywhere or self.in_project(path)):
                return path
        return None

    def _in_folder(self, name: str, folder: Path) -> Path | None:
        parts = name.split(".")
        if not self._has_top(parts[0], folder):
            return None
        base = folder.joinpath(*parts)
        for path in (base / "__init__.py", base.parent / f"{base.name}.py"):
            if os.path.isfile(path):
                return path
        return None

    def _has(self, name: str, folder: Path) -> bool:
        """Whether a folder holds the package or module of a dotted name; a package may have no `__init__.py`."""
        if not all(part.isidentifier() for part in name.split(".")):
            return False
        return self._in_folder(name, folder) is not None or os.path.isdir(folder.joinpath(*name.split(".")))

    def _has_top(self, first: str, folder: Path) -> bool:
        """Whether a folder holds the top-level package or module `first`."""
        key = (first, folder)
        if key not in self._tops:
            there = first.isidentifier() and (os.path.isdir(folder / first) or os.path.isfile(folder / f"{first}.py"))
            self._tops[key] = there
        return self._tops[key]


def _home(asking: SourceModule) -> Path:
    """The folder that the dotted name of `asking` starts from."""
    depth = asking.name.count(".") + (1 if asking.is_package and asking.name != "__init__" else 0)
    return asking.absolute.parents[min(depth, len(asking.absolute.parents) - 1)]
