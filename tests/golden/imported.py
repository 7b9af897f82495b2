"""A case's files as modules: compiled into an empty folder, imported, forgotten afterwards."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from jvpgen.runtime.siblings import forget_siblings
from tests.golden.cases import Case
from tests.golden.compiled import compiled_in


@contextlib.contextmanager
def imported(
    case: Case, root: Path, edit: Callable[[str], str] | None = None
) -> Iterator[tuple[ModuleType, ModuleType]]:
    """The input and its output, which `edit` may have changed before it is imported."""
    compiled_in(case, root)
    if edit is not None:
        output = root / "input_jvp.py"
        output.write_text(edit(output.read_text("utf-8")), "utf-8")
    name = f"{case.name}.input" if case.is_package else "input"
    extra = [str(root / flag) for before, flag in zip(case.flags, case.flags[1:], strict=False) if before == "--output"]
    known = set(sys.modules)
    sys.path[:0] = [str(root), *extra]
    importlib.invalidate_caches()
    forget_siblings()
    try:
        yield importlib.import_module(name), importlib.import_module(f"{name}_jvp")
    finally:
        for entry in (str(root), *extra):
            sys.path.remove(entry)
        for other in set(sys.modules) - known:
            if (getattr(sys.modules[other], "__file__", None) or "").startswith(str(root)):
                del sys.modules[other]
