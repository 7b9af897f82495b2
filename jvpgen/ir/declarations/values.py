"""What the analysis knows of a value: a small vocabulary. Anything else is `Text`, an expression and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from jvpgen.ir import nodes
from jvpgen.ir.declarations.numbering import OPEN, Number
from jvpgen.source.module import SourceModule
from jvpgen.source.names import Names
from jvpgen.source.reach import Definition
from jvpgen.source.span import Span


@dataclass(frozen=True)
class Text:
    """Some value: the expression that stands for it, in terms of the class that is analysed."""

    expression: nodes.Expression


@dataclass(frozen=True)
class Self:
    """The module itself."""


@dataclass(frozen=True)
class Super:
    """`super()` inside a method of the class `owner`."""

    owner: Definition


@dataclass(frozen=True)
class StackedAxis:
    """A lifted transform's new axis: variables of `collection` ("" for all others) have `size` along `axis`."""

    collection: str
    axis: int | None
    size: nodes.Expression


@dataclass(frozen=True)
class ModuleClass:
    """A Module class, perhaps with arguments bound by `partial` and wrapped by lifted transforms.

    `name` is the class's `__name__` at run time ("ScanCheckpointBlock"), `spelled` how the source calls it; `qualified`
    is None for a class that is known at run time only. `is_default` says that a field holds it if nothing is passed.
    """

    name: str
    spelled: str
    qualified: str | None
    definition: Definition | None = None
    bound: tuple[tuple[str | None, Value], ...] = ()
    stacked: tuple[StackedAxis, ...] = ()
    is_default: bool = False


@dataclass(eq=False)
class Loop:
    """A loop whose body is walked once for all rounds: the number of a round in it, and how many there are."""

    index: Number = OPEN
    count: Number = OPEN


@dataclass(eq=False)
class Made:
    """A module instance. Its name comes at once (compact), or when it is assigned in setup: then it is None before.

    `owner` is the instance whose scope it lives in, None for the module itself.
    """

    kind: ModuleClass
    arguments: tuple[tuple[str | None, Value], ...]
    span: Span | None
    optional: bool
    loops: tuple[Loop, ...]
    name: str | None = None
    numbers: tuple[Number, ...] = ()  # of an automatic name, after `name_`; several where a condition leaves it open
    owner: Made | None = None
    shares_scope: bool = False
    repeated: bool = False
    in_setup: bool = False
    used: bool = False  # called, or handed on, under no condition

    @property
    def is_lazy(self) -> bool:
        """Whether what it declares may never be made: a module of setup is empty until it is called."""
        return self.in_setup and not self.used and (self.owner is None or self.owner.is_lazy)

    @property
    def is_certain(self) -> bool:
        """Whether what it declares is made, whatever the fields and arguments."""
        return not (self.optional or self.is_lazy or self.kind.is_default)

    def names(self) -> tuple[str, ...]:
        """The names it may have in its owner's scope."""
        if self.name is None:
            return ()
        return tuple(f"{self.name}_{number.in_name()}" for number in self.numbers) or (self.name,)


@dataclass(frozen=True, eq=False)
class Frame:
    """Where an expression stands: its file's names, the locals around it, the class whose method it is in."""

    module: SourceModule
    names: Names
    locals: dict[str, Value] = field(default_factory=dict)
    owner: Definition | None = None
    is_own: bool = True  # in the analysed class's own methods, where local names may appear in the tables
    steady: frozenset[str] = frozenset()  # locals that are bound once and keep what they stand for


@dataclass(frozen=True, eq=False)
class FunctionValue:
    """A function that can be walked: a `def` or lambda with the frame that it closes over, or a bound method.

    `name_scope` is the name of a method under `nn.compact_name_scope`, below which its modules stand.
    """

    function: nodes.Function | nodes.Lambda
    frame: Frame
    key: str
    receiver: Value | None = None
    bound: tuple[tuple[str | None, Value], ...] = ()
    name_scope: str = ""


@dataclass(frozen=True)
class External:
    """A function of another package with arguments bound by `partial`."""

    qualified: str
    bound: tuple[tuple[str | None, Value], ...] = ()


@dataclass(frozen=True)
class Sequence:
    """A list or tuple; an item may be `Repeated`. `loops` are the loops around where it was made."""

    items: tuple[Value, ...] = ()
    loops: tuple[Loop, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Repeated:
    """As many items as `loops`, outermost first, have rounds."""

    item: Value
    loops: tuple[Loop, ...]


@dataclass(frozen=True)
class Table:
    """A dict; a key of None is not known."""

    items: tuple[tuple[nodes.Expression | None, Value], ...] = ()


@dataclass(frozen=True)
class Choice:
    """One of several values, by a condition."""

    options: tuple[Value, ...]


Value: TypeAlias = (
    Text | Self | Super | ModuleClass | Made | FunctionValue | External | Sequence | Repeated | Table | Choice
)
Values: TypeAlias = Mapping[str, Value]

UNKNOWN = Text(nodes.Name("_"))


def choice(*options: Value) -> Value:
    """One of `options`, equal ones taken together."""
    flat: list[Value] = []
    for option in options:
        for item in option.options if isinstance(option, Choice) else (option,):
            if not any(item is other or item == other for other in flat):
                flat.append(item)
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))
