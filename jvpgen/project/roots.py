"""Where a project begins: the folder that bounds what is followed, and to which all printed paths are relative.

It is the folder of the nearest pyproject.toml; without one, the topmost package folder of the path, or the folder that
holds it where it is in no package. The search stops at `site-packages`: an installed package is no part of the project
whose virtual environment it stands in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jvpgen.project.configuration import FILE
from jvpgen.source.installed import INSTALLED


def project_root(path: Path) -> Path:
    """The root of the project that `path`, a file or a folder that need not exist, belongs to."""
    start = Path(os.path.abspath(path))
    folder = start if os.path.isdir(start) else start.parent
    for candidate in _outwards(folder):
        if os.path.isfile(candidate / FILE):
            return candidate
    return _topmost_package(folder)


def _outwards(folder: Path) -> Iterator[Path]:
    for candidate in (folder, *folder.parents):
        if candidate.name in INSTALLED:
            return
        yield candidate


def _topmost_package(folder: Path) -> Path:
    while os.path.isfile(folder / "__init__.py") and os.path.isfile(folder.parent / "__init__.py"):
        folder = folder.parent
    return folder
