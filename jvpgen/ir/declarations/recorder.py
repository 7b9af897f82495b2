"""What the walk over a class's methods has found so far: modules made, variables declared, streams drawn from.

This is the analysis's one mutable object. It knows Flax's naming: automatic numbers per class name, names by assignment
in setup, the adoption of modules that are passed to other modules' fields there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from jvpgen.ir import nodes
from jvpgen.ir.declarations.containers import positions
from jvpgen.ir.declarations.flow import Exits
from jvpgen.ir.declarations.numbering import OPEN, Counters, Number, consistent
from jvpgen.ir.declarations.record import DeclaredVariable, RngStream
from jvpgen.ir.declarations.text import name_pattern
from jvpgen.ir.declarations.values import Choice, Loop, Made, ModuleClass, Repeated, Sequence, Table, Value
from jvpgen.source.span import Span

NAME_SCOPE = "flax.linen.module.compact_name_scope"


class Recorder:
    def __init__(self) -> None:
        self.made: list[Made] = []
        self.variables: list[DeclaredVariable] = []
        self.rngs: list[RngStream] = []
        self.attributes: dict[str, Value] = {}
        self.counters = Counters()
        self.in_setup = False
        self._conditions = 0
        self.exits: list[Exits] = []  # of the loops and functions being walked, outermost first
        self._loops: list[Loop] = []
        self._scope: Made | None = None  # of the method under `nn.compact_name_scope` that is walked
        self._bound: list[frozenset[str]] = []

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
            tuple(self._loops),
            repeated=bool(self._loops),
        )
        made.in_setup = self.in_setup
        self.made.append(made)
        if not self.in_setup and not orphan:
            made.owner = self._scope
        if name is not None and not orphan:
            made.name = name
        elif not self.in_setup and not orphan:
            made.name = kind.name
            made.numbers = self.counters.of(kind.name)
            made.optional = made.optional or len(made.numbers) > 1
            self.counters = self.counters.counted(kind.name)
        return made

    @contextmanager
    def name_scope(self, name: str, span: Span | None) -> Iterator[None]:
        """While this lasts, modules are made below `name`, and numbered anew, if it is not empty."""
        if not name:
            yield
            return
        outside = self._scope, self._loops, self.counters
        kind = ModuleClass("CompactNameScope", "nn.compact_name_scope", NAME_SCOPE)
        scope = Made(kind, (), span, self.optional, ())
        scope.name = name
        self.made.append(scope)
        self._scope, self._loops, self.counters = scope, [], Counters()
        try:
            yield
        finally:
            self._scope, self._loops, self.counters = outside

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
                places, _ = positions(items)
                exact = consistent(number for _, number in places)
                for item, number in places:
                    place = number if exact or number.is_fixed else OPEN
                    self.adopt(item, f"{name}_{place.in_name()}", fields, owner)
            case Table(items=entries):
                for key, item in entries:
                    self.adopt(item, f"{name}_{key_in_name(key)}", fields, owner)
            case Choice(options=options):
                for option in options:
                    self.adopt(option, name, fields, owner)

    # --- Loops --------------------------------------------------------------------------------------------------------

    @property
    def loops(self) -> tuple[Loop, ...]:
        """The loops around the current place, outermost first."""
        return tuple(self._loops)

    def loops_since(self, before: Iterable[Loop]) -> tuple[Loop, ...]:
        """The loops around the current place that are not among `before`."""
        known = {id(loop) for loop in before}
        return tuple(loop for loop in self._loops if id(loop) not in known)

    @property
    def round_names(self) -> frozenset[str]:
        """What the rounds of the loops around the current place are called, and what other loops there bind."""
        return frozenset(part for loop in self._loops for part in loop.index.parts).union(*self._bound)

    @contextmanager
    def bound(self, names: Iterable[str]) -> Iterator[None]:
        """While this lasts, `names` stand for the items of a loop."""
        self._bound.append(frozenset(names))
        try:
            yield
        finally:
            self._bound.pop()

    def enter(self) -> Exits:
        """The exits of a loop or function that is entered."""
        self.exits.append(Exits())
        return self.exits[-1]

    @contextmanager
    def nothing(self) -> Iterator[None]:
        """While this lasts, nothing is recorded."""
        made, variables, rngs, counters = len(self.made), len(self.variables), len(self.rngs), self.counters
        try:
            yield
        finally:
            del self.made[made:], self.variables[variables:], self.rngs[rngs:]
            self.counters = counters

    @contextmanager
    def loop(self, loop: Loop) -> Iterator[None]:
        """While this lasts, what is made is made in each round of `loop`."""
        start = f"@{id(loop)}"
        entry = self.counters
        self.counters = Counters(default=(Number(0, (start,)),))
        self._loops.append(loop)
        try:
            yield
        finally:
            self._loops.pop()
            rounds = self.counters
            self.counters = entry
            for name in dict(rounds.counts):
                self._close_loop(name, rounds.of(name), loop, start)
            for exits in self.exits:
                for state in exits.all():
                    if state.counters.default == (Number(0, (start,)),):
                        state.counters = state.counters.without(start, entry)

    def _close_loop(self, name: str, ends: tuple[Number, ...], loop: Loop, start: str) -> None:
        """Puts the numbers of one class name right, now that it is known how many a round makes."""
        step = ends[0].with_part(start, Number()) if len(ends) == 1 and start in ends[0].parts else OPEN
        bases = self.counters.of(name)
        firsts = [base.plus(step.times(loop.index)) for base in bases]
        for made in self.made:
            if made.name == name and made.numbers and any(loop is around for around in made.loops):
                numbers = [number.with_part(start, first) for number in made.numbers for first in firsts]
                made.numbers = tuple(dict.fromkeys(numbers))
                made.optional = made.optional or len(made.numbers) > 1
        self.counters = self.counters.set(name, (base.plus(step.times(loop.count)) for base in bases))

    def settle(self) -> None:
        """Where one number of a class name is open, all that loops make are: a formula would be taken for it."""
        numbered = [made for made in self.made if made.numbers]
        inexact = {made.name for made in numbered if not consistent(made.numbers)}
        for made in numbered:
            if made.name in inexact:
                made.numbers = tuple(dict.fromkeys(number if number.is_fixed else OPEN for number in made.numbers))


def key_in_name(key: nodes.Expression | None) -> str:
    """A dict's key as Flax writes it into a name."""
    return "{key}" if key is None else name_pattern(key)
