"""What a Module class declares: the frozen tables that the analysis of this room ends in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jvpgen.source.classes import Field
from jvpgen.source.span import Span


@dataclass(frozen=True)
class DeclaredVariable:
    """A variable, its path below the module that the table is about: `Dense_0/kernel`.

    `shape`, `dtype` and `initializer` are source expressions, None where the text does not tell. Names in braces in
    `path` and `collection` are known at run time only: `Block_{i}/Dense_0/kernel`. `optional` variables exist under
    some condition. `how` is what declares it: "param", "variable", "sow", "put_variable" or "perturb". `span` is the
    place in the class itself: for the variable of a submodule, where that is made.
    """

    collection: str
    path: str
    shape: str | None
    dtype: str | None
    initializer: str | None
    span: Span | None
    optional: bool = False
    how: str = "param"


@dataclass(frozen=True)
class Submodule:
    """A direct child module. `kind` is its class as the source spells it, `qualified` the class's resolved name.

    `known` says whether what it declares is known; a module that comes in through a field, or whose class is only known
    at run time, is not. `repeated` children are a family made in a loop.
    """

    name: str
    kind: str
    qualified: str | None
    span: Span | None
    optional: bool = False
    repeated: bool = False
    known: bool = True
    shares_scope: bool = False


@dataclass(frozen=True)
class RngStream:
    """A stream of random keys that the module, or a module below it, draws from; `initial` ones by `init` alone."""

    name: str
    span: Span | None
    initial: bool = False


@dataclass(frozen=True)
class Declarations:
    """All that a Module class declares, by its text alone; `variables` includes those of its submodules."""

    fields: tuple[Field, ...]
    submodules: tuple[Submodule, ...]
    variables: tuple[DeclaredVariable, ...]
    rngs: tuple[RngStream, ...]

    def collections(self) -> Mapping[str, tuple[DeclaredVariable, ...]]:
        """The variables by collection, `params` first."""
        names = sorted({item.collection for item in self.variables}, key=lambda name: (name != "params", name))
        return {name: tuple(item for item in self.variables if item.collection == name) for name in names}

    @property
    def own(self) -> tuple[DeclaredVariable, ...]:
        """The variables that the class itself declares, those of submodules left out."""
        return tuple(item for item in self.variables if "/" not in item.path)


def as_dict(declarations: Declarations) -> dict[str, object]:
    """The part of `jvpgen inspect`'s JSON that says what a class declares: fields, submodules, collections and rngs."""
    return {
        "fields": [
            {"name": item.name, "annotation": item.annotation, "default": item.default, "line": _line(item.span)}
            for item in declarations.fields
        ],
        "submodules": [
            {
                "name": item.name,
                "class": item.kind,
                "qualified": item.qualified,
                "line": _line(item.span),
                "optional": item.optional,
                "repeated": item.repeated,
                "known": item.known,
            }
            for item in declarations.submodules
        ],
        "collections": {
            name: [
                {
                    "path": item.path,
                    "shape": item.shape,
                    "dtype": item.dtype,
                    "initializer": item.initializer,
                    "line": _line(item.span),
                    "optional": item.optional,
                }
                for item in items
            ]
            for name, items in declarations.collections().items()
        },
        "rngs": [item.name for item in declarations.rngs if not item.initial],
    }


def _line(span: Span | None) -> int | None:
    return None if span is None else span.line
