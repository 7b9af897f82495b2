"""Definitions that lead back to themselves: imports that go from file to file, classes among their own ancestors."""

from __future__ import annotations

from jvpgen.source.classes import bases
from jvpgen.source.reach import Definition, Reach


def leads_in_a_circle(qualified: str, definition: Definition, reach: Reach) -> bool:
    """Whether a name of a project file is imported from one file to the next without end."""
    module, _, name = qualified.rpartition(".")
    found = reach.module(module, definition.module) if module else None
    if found is None or not reach.in_project(found.absolute):
        return False
    return bool(reach.names(found).candidates(name)) and reach.definition(qualified, definition.module) is None


def circular_base(definition: Definition, reach: Reach, path: tuple[str, ...] = ()) -> str | None:
    """The base by which a class, or an ancestor of it, leads back to itself; None if none does."""
    for base in bases(definition, reach):
        if base.definition is None:
            if base.qualified and leads_in_a_circle(base.qualified, definition, reach):
                return base.qualified
        elif base.key in (*path, definition.key):
            return base.qualified
        else:
            found = circular_base(base.definition, reach, (*path, definition.key))
            if found is not None:
                return found
    return None
