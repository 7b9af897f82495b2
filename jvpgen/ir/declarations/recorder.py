"""What the walk over a class's methods has found so far: modules made, variables declared, streams drawn from.

This is the analysis's one mutable object. It knows Flax's naming: automatic numbers per class name, names by assignment
in setup, the adoption of modules that are passed to other modules' fields there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from jvpgen.ir import nodes
from jvpgen.ir.declarations.numbering import Counters, Number
from jvpgen.ir.declarations.record import DeclaredVariable, RngStream
from jvpgen.ir.declarations.text import name_pattern
from jvpgen.ir.declarations.values import Choice, Made, ModuleClass, Repeated, Sequence, Table, Value
from jvpgen.source.span import Span


class Recorder:
    def __init__(self) -> None:
        self.made: list[Made] = []
        self.variables: list[DeclaredVariable] = []
        self.rngs: list[RngStream] = []
        self.attributes: dict[str, Value] = {}
        self.counters = Counters()
        self.in_setup = False
        self._conditions = 0
        self._loops: list[tuple[int, str, str]] = []
        self._loop_count = 0

    @property
    def events(self) -> int:
        """How much has been found; equal numbers mean that nothing new was."""
        return len(self.made) + len(self.variables) + len(self.rngs) + len(self.attributes)

    @property
    def optional(self) -> bool:
        return self._conditions > 0

    @contextmanager
    def condition(self, holds: bool = True) -> Iterator[None]:
        """While this lasts, what is found exists under a condition only."""
        self._conditions += holds
        try:
            yield
        finally:
            self._conditions -= holds

    # --- Variables and streams ----------------------------------------------------------------------------------------

    def declare(self, variable: DeclaredVariable) -> None:
        self.variables.append(replace(variable, optional=variable.optional or self.optional))

    def draw(self, stream: str, span: Span | None, initial: bool = False) -> None:
        self.rngs.append(RngStream(stream, span, initial))

    # --- Modules ------------------------------------------------------------------------------------------------------

    def make(
        self,
        kind: ModuleClass,
        arguments: Iterable[tuple[str | None, Value]],
        span: Span | None,
        name: str | None,
        *,
        orphan: bool = False,
    ) -> Made:
        """A new instance; `orphan` ones (`parent=None`) get their place when they are assigned."""
        made = Made(
            kind,
            tuple(arguments),
            span,
            self.optional,
            tuple(loop[0] for loop in self._loops),
            repeated=bool(self._loops),
        )
        made.in_setup = self.in_setup
        self.made.append(made)
        if name is not None and not orphan:
            made.name = name
        elif not self.in_setup and not orphan:
            made.name = kind.name
            made.numbers = self.counters.of(kind.name)
            made.optional = made.optional or len(made.numbers) > 1
            self.counters = self.counters.counted(kind.name)
        return made

    def use(self, value: Value) -> None:
        """Notes that the modules in `value` are called, or handed to something that may call them."""
        if self.optional or self.in_setup:
            return
        match value:
            case Made():
                value.used = True
            case Sequence(items=items):
                for item in items:
                    self.use(item)
            case Repeated(item=item):
                self.use(item)
            case Table(items=entries):
                for _, item in entries:
                    self.use(item)
            case Choice(options=options) if all(isinstance(option, Made) for option in options):
                for option in options:  # any module of a list or dict: each has its turn
                    self.use(option)

    def adopt(
        self, value: Value, name: str, fields: Mapping[int, Mapping[str, Value]], owner: Made | None = None
    ) -> None:
        """Names the unnamed modules in `value`, which becomes the attribute `name` of `owner` (None: of the module).

        `fields` gives the field values of an instance by its id: the modules in them become the instance's own.
        """
        match value:
            case Made():
                if value.name is None:
                    value.name = name
                    value.owner = owner
                    for field, inner in fields.get(id(value), {}).items():
                        self.adopt(inner, field, fields, value)
            case Sequence(items=items):
                position = Number()
                for item in items:
                    if isinstance(item, Repeated):
                        number = position.plus(Number(0, (item.index,)))
                        self.adopt(item.item, f"{name}_{number.in_name()}", fields, owner)
                        position = position.plus(Number(1).times(item.count))
                    else:
                        self.adopt(item, f"{name}_{position.in_name()}", fields, owner)
                        position = position.plus(Number(1))
            case Table(items=entries):
                for key, item in entries:
                    self.adopt(item, f"{name}_{key_in_name(key)}", fields, owner)
            case Repeated(item=item, index=index):
                self.adopt(item, f"{name}_{{{index}}}", fields, owner)
            case Choice(options=options):
                for option in options:
                    self.adopt(option, name, fields, owner)

    @property
    def depth(self) -> int:
        """The number of loops around the current place."""
        return len(self._loops)

    def rounds_since(self, depth: int) -> tuple[str, str] | None:
        """The counter and count of the innermost loop, if there is one inside of `depth` others."""
        return self._loops[-1][1:] if len(self._loops) > depth else None

    # --- Loops --------------------------------------------------------------------------------------------------------

    @contextmanager
    def loop(self, index: str, count: str) -> Iterator[None]:
        """While this lasts, what is made is made `count` times; `index` is the loop's counter in names."""
        self._loop_count += 1
        identity = self._loop_count
        start = f"@{identity}"
        entry = self.counters
        self.counters = Counters(default=(Number(0, (start,)),))
        self._loops.append((identity, index, count))
        try:
            yield
        finally:
            self._loops.pop()
            rounds = self.counters
            self.counters = entry
            for name in dict(rounds.counts):
                self._close_loop(name, rounds.of(name), identity, index, count)

    def _close_loop(self, name: str, ends: tuple[Number, ...], identity: int, index: str, count: str) -> None:
        """Puts the numbers of one class name right, now that it is known how many a round makes."""
        start = f"@{identity}"
        step = ends[0].with_part(start, Number()) if len(ends) == 1 and start in ends[0].parts else None
        bases = self.counters.of(name)
        firsts = [Number(0, (index,))] if step is None else [base.plus(step.times(index)) for base in bases]
        afters = [Number(0, (index,))] if step is None else [base.plus(step.times(count)) for base in bases]
        for made in self.made:
            if identity in made.loops and made.name == name and made.numbers:
                numbers = [number.with_part(start, first) for number in made.numbers for first in firsts]
                made.numbers = tuple(dict.fromkeys(numbers))
                made.optional = made.optional or len(made.numbers) > 1
        self.counters = self.counters.set(name, afters)


def key_in_name(key: nodes.Expression | None) -> str:
    """A dict's key as Flax writes it into a name."""
    return "{key}" if key is None else name_pattern(key)
