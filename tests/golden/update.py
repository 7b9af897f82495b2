"""`pytest --update-golden`: brings the files of `golden/` up to date and says what it changed."""

from __future__ import annotations

from pathlib import Path

from tests.golden.cases import Case, all_cases
from tests.golden.compiled import compiled


def updated() -> list[str]:
    """Rewrites what differs, removes what is obsolete; one line for each change."""
    return [change for case in all_cases() for change in _updated(case)]


def _updated(case: Case) -> list[str]:
    golden = compiled(case).golden
    changes = []
    for place in sorted({*golden, *case.expected}):
        path, text = case.folder / place, golden.get(place)
        if text == case.expected.get(place):
            continue
        if text is None:
            path.unlink()
            changes.append(f"removed {_shown(path)}")
        else:
            changes.append(f"{'rewrote' if place in case.expected else 'wrote'} {_shown(path)}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return changes


def _shown(path: Path) -> str:
    return path.relative_to(path.parents[len(path.parts) - path.parts.index("golden") - 1]).as_posix()
