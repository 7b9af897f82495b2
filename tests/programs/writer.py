"""The text of a random program while it is written: what is in scope, what may stand here, which choice comes next.

All randomness goes through `pick(n)`, a number below `n`, of which hypothesis makes a draw: programs shrink towards the
first of each list of options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

Kind = Literal["scalar", "row", "rows", "list", "dict", "function", "layer"]
"""Arrays of shapes (), (3,) and (2, 3); a list of two rows or more; a dict of rows `a` and `b`; a function from rows
of shape (3,) to such; a bound module from (2, 3) to (2, 3)."""

Pick = Callable[[int], int]
Option = TypeVar("Option")


@dataclass(frozen=True)
class Room:
    """What may stand at a place.

    `flax`: the module's scope may be touched. `compact`: parameters and submodules may be made. `fields`: `self` is in
    scope. `reverse`: what stands here is differentiated in reverse. `counters`: of the Python loops around.
    """

    flax: bool = False
    compact: bool = False
    fields: bool = False
    reverse: bool = False
    counters: tuple[str, ...] = ()
    depth: int = 3


@dataclass(frozen=True)
class Form:
    """A way to write a statement or a few, and where it may be used."""

    write: Callable[[Writer], None]
    allowed: Callable[[Room], bool] = lambda room: True


@dataclass
class File:
    """What all parts of a program share."""

    families: Mapping[str, Sequence[Form]]
    favourite: str
    mutable: tuple[str, ...] = ()
    definitions: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    statements_left: int = 12

    def fresh(self, stem: str) -> str:
        self.counts[stem] = self.counts.get(stem, 0) + 1
        return f"{stem}{self.counts[stem]}"

    def define(self, name: str, text: str) -> str:
        """Puts a definition of the file's top level in front of what is being written, once."""
        if name not in self.used:
            self.used.add(name)
            self.definitions.append(text)
        return name


class Writer:
    """Writes statements one after the other; `names` are those in scope, `own` those that may be bound again."""

    def __init__(self, pick: Pick, file: File) -> None:
        self.pick, self.file = pick, file
        self.room = Room()
        self.names: dict[str, Kind] = {}
        self.own: set[str] = set()
        self.result: Callable[[Writer], str] = lambda writer: "None"
        self.lines: list[str] = []
        self.indent = 0

    # --- Choices ---

    def choose(self, options: Sequence[Option]) -> Option:
        return options[self.pick(len(options))]

    def chance(self, one_in: int) -> bool:
        return self.pick(one_in) == one_in - 1

    def fresh(self, stem: str) -> str:
        return self.file.fresh(stem)

    # --- Names ---

    def of_kind(self, kind: Kind) -> list[str]:
        """The names of a kind, the latest first; bound modules only where they may be called."""
        if kind == "layer" and not self.room.flax:
            return []
        return [name for name, known in reversed(self.names.items()) if known == kind]

    def rebindable(self, kind: Kind) -> list[str]:
        return [name for name in self.of_kind(kind) if name in self.own]

    # --- Lines ---

    def line(self, text: str) -> None:
        self.lines += ["    " * self.indent + part if part else part for part in text.split("\n")]

    def bind(self, kind: Kind, text: str, stem: str = "v") -> str:
        name = self.fresh(stem)
        self.line(f"{name} = {text}")
        return self.know(kind, name)

    def know(self, kind: Kind, name: str, *, own: bool = True) -> str:
        self.names[name] = kind
        if own:
            self.own.add(name)
        return name

    @contextmanager
    def block(self, header: str, **changes: object) -> Iterator[None]:
        """The lines below a header; names bound there are unknown afterwards."""
        self.line(header)
        names, own, room = dict(self.names), set(self.own), self.room
        self.room = replace(room, depth=room.depth - 1, **changes)  # type: ignore[arg-type]
        before = len(self.lines)
        self.indent += 1
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.indent -= 1
        self.names, self.own, self.room = names, own, room

    @contextmanager
    def function(
        self,
        header: str,
        parameters: Mapping[str, Kind],
        result: Callable[[Writer], str],
        *,
        returns: str = "return",
        **changes: object,
    ) -> Iterator[None]:
        """A nested function: outer names are read only, the module's scope is out of bounds unless it is said."""
        with self.block(header, **{"flax": False, "compact": False, "counters": (), **changes}):
            outer, self.own = self.own, set()
            outer_result, self.result = self.result, result
            for name, kind in parameters.items():
                self.know(kind, name)
            yield
            self.line(f"{returns} {result(self)}")
            self.own, self.result = outer, outer_result

    @contextmanager
    def top_level(self, room: Room) -> Iterator[None]:
        """A definition of the file, before all that is being written."""
        kept = (self.lines, self.names, self.own, self.room, self.result, self.indent)
        self.lines, self.names, self.own, self.room, self.indent = [], {}, set(), room, 0
        yield
        self.file.definitions.append("\n".join(self.lines))
        self.lines, self.names, self.own, self.room, self.result, self.indent = kept

    def statements(self, most: int) -> None:
        """One to `most` statements of any family that may stand here."""
        for _ in range(1 + self.pick(most)):
            self.statement()

    def statement(self) -> None:
        families = self.file.families
        straight = families["straight"]
        forms: Sequence[Form] = straight
        if self.room.depth > 0 and self.file.statements_left > 0:
            self.file.statements_left -= 1
            name = self.file.favourite if self.chance(2) else self.choose([*families])
            forms = families[name]
        allowed = [form for form in forms if form.allowed(self.room)]
        self.choose(allowed or straight).write(self)
