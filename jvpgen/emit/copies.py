"""Functions made from other files, put into one generated file: what they read keeps its meaning there.

placed = Place(imports, defined)                # the file's own imports, and the names of its functions
placed.add(source, parts, imports)              # parts as they are written for `source`
placed.parts, placed.imports                    # all, with other names where one name would have two meanings
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from jvpgen.emit.imports import Import, free_names
from jvpgen.forward.units import Remark
from jvpgen.ir import nodes
from jvpgen.ir.renaming import with_globals
from jvpgen.ir.scoping import all_names
from jvpgen.source.module import SourceModule

Part = nodes.Function | Remark


@dataclass(frozen=True)
class Copy:
    """A part, and the definition that it was made from, as the footer calls it."""

    part: Part
    origin: str


def read_by(parts: Iterable[Part]) -> frozenset[str]:
    """Names that parts of a generated file read from its top level, or from builtins."""
    return free_names([part.statement if isinstance(part, Remark) else part for part in parts])


class TopLevel:
    """The top level of a generated file while it is filled."""

    def __init__(self, parts: Iterable[Part], imports: Mapping[str, Import]) -> None:
        own = list(parts)
        self.imports = dict(imports)
        self.builtins = read_by(own) - imports.keys()
        self.copies: list[Copy] = []
        self._meanings = {name: item.meaning for name, item in imports.items()}
        self._meanings |= {name: f"builtins.{name}" for name in self.builtins}
        self._meanings |= {part.name: f"<{part.name}>" for part in own if isinstance(part, nodes.Function)}

    @property
    def meanings(self) -> Mapping[str, str]:
        """What every name means here that is imported, builtin or a function."""
        return self._meanings

    def add(self, source: SourceModule, copies: Iterable[Copy], imports: Mapping[str, Import]) -> None:
        """Puts in what was made from `source`, which imports `imports`."""
        added = list(copies)
        read = read_by(copy.part for copy in added)
        wanted = {name: imports.get(name) or _builtin(name) for name in sorted(read)}
        avoided = {name for copy in added for name in _names_in(copy.part)}
        others: dict[str, str] = {}
        for name, item in wanted.items():
            if self._meanings.get(name, item.meaning) != item.meaning:
                others[name] = self._free(name, item, avoided)
            spelled = others.get(name, name)
            self._meanings[spelled] = item.meaning
            if name in imports or spelled != name:
                elsewhere = replace(item if spelled == name else item.called(spelled), own=False)
                self.imports.setdefault(spelled, elsewhere)
        self.copies += [replace(copy, part=self._named(_renamed(copy.part, others), source)) for copy in added]

    def _free(self, name: str, item: Import, avoided: set[str]) -> str:
        """Another name for what `name` means: the one that it has here already, or a new one."""
        candidates = [name + "_" * count for count in range(1, 99)]
        return next(
            other
            for other in candidates
            if self._meanings.get(other) == item.meaning or (other not in self._meanings and other not in avoided)
        )

    def _named(self, part: Part, source: SourceModule) -> Part:
        """The part under a name that nothing else has here."""
        if isinstance(part, Remark):
            return part
        candidates = [part.name, f"_{source.name.replace('.', '_')}{part.name}"]
        candidates += [part.name + "_" * count for count in range(1, 99)]
        name = next(name for name in candidates if name not in self._meanings)
        self._meanings[name] = f"<{name}>"
        return replace(part, name=name)


def _builtin(name: str) -> Import:
    assert hasattr(builtins, name), name
    return Import(f"from builtins import {name}", f"builtins.{name}")


def _names_in(part: Part) -> frozenset[str]:
    return all_names(part.statement if isinstance(part, Remark) else part)


def _renamed(part: Part, others: Mapping[str, str]) -> Part:
    if not others:
        return part
    if isinstance(part, Remark):
        return replace(part, statement=with_globals(part.statement, others))
    return with_globals(part, others)
