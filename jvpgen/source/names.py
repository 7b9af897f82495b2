"""What the names of a file mean: a parsed file enters, a table from top-level name to qualified name leaves.

    names = names_of(source)
    names.qualified("nn.Dense")     # "flax.linen.Dense", through `import flax.linen as nn` in any spelling
    names.qualified("Block")        # "models.cnn.Block", a class of this file
    names.qualified("len")          # "builtins.len"
    names.qualified("mystery")      # None
    names.with_imports(function)    # the names as they are inside a `def` that has imports of its own
    names.without({"x", "nn"})      # the names where these are local variables

A name bound twice to different things (`try: from a import f … except ImportError: from b import f`) has no one
meaning: `qualified` answers None, `alternatives` lists what it may be. Only text is read here; following a name into
the file that defines it is `reach.Reach`'s.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from jvpgen.source.bindings import Binding, bindings_of, dotted_text
from jvpgen.source.module import SourceModule

_GLOBAL = re.compile(r"(?m)^[ \t]+global[ \t]")
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))


@dataclass(frozen=True)
class Names:
    """The names of the module `module`, whose relative imports start from `package`.

    `bindings` are the top-level names, each with the ways in which it may be bound; `stars` the modules of
    `from m import *` whose names are not known, `starred` the names that known ones bring; `hidden` the local variables
    in sight.
    """

    module: str
    package: str
    bindings: Mapping[str, tuple[Binding, ...]]
    stars: tuple[str, ...] = ()
    starred: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def qualified(self, name: str | cst.BaseExpression) -> str | None:
        """The qualified name of a dotted name, or of a Name or Attribute node; None if it is unknown or ambiguous."""
        meanings = self.alternatives(name)
        return meanings[0] if len(meanings) == 1 else None

    def alternatives(self, name: str | cst.BaseExpression) -> tuple[str, ...]:
        """Every qualified name that a dotted name may have, the most likely one first."""
        dotted = name if isinstance(name, str) else dotted_text(name)
        first, dot, rest = (dotted or "").partition(".")
        return tuple(dict.fromkeys(head + dot + rest for head in self._heads(first)))

    def _heads(self, first: str) -> Sequence[str]:
        if not first or first in self.hidden:
            return ()
        if first in self.bindings:
            return [self._meaning(binding) for binding in self.candidates(first)]
        if first in self.starred:
            return [self.starred[first]]
        if self.stars:  # it may come from any of them, builtins not excepted: `from jax.numpy import *` brings `max`
            return ()
        return [f"builtins.{first}"] if first in _BUILTINS else ()

    def _meaning(self, binding: Binding) -> str:
        if binding.kind == "import":
            return binding.target
        return f"{self.module}.{binding.name}" if self.module else binding.name

    def candidates(self, name: str) -> tuple[Binding, ...]:
        """The bindings that may give a top-level name its meaning, the most likely one first.

        A mere `name = None` counts only if there is nothing else, and so does what only type checkers see.
        """
        found = self.bindings.get(name, ())
        telling = [binding for binding in found if not binding.is_placeholder]
        return tuple(sorted(telling or found, key=lambda binding: binding.fallback))

    def binding(self, name: str) -> Binding | None:
        """The one binding of a top-level name; None if it has several or none."""
        found = self.candidates(name)
        return found[0] if len(found) == 1 else None

    def with_imports(self, body: cst.FunctionDef | cst.ClassDef) -> Names:
        """These names as seen inside `body`: its own import statements count, those of nested functions do not."""
        found = [item for item in bindings_of(body.body.body, self.package) if item.kind == "import"]
        local = _table(item for item in found if item.name != "*")
        stars = tuple(item.module for item in found if item.name == "*")
        if not local and not stars:
            return self
        return replace(
            self, bindings={**self.bindings, **local}, stars=self.stars + stars, hidden=self.hidden - local.keys()
        )

    def without(self, names: Iterable[str]) -> Names:
        """These names where `names` are local variables, which have no qualified name."""
        hidden = self.hidden.union(names)
        return self if hidden == self.hidden else replace(self, hidden=hidden)

    def exports(self) -> Mapping[str, str]:
        """What `from module import *` brings: each name with its qualified name."""
        listed = self._listed()
        if listed is None:
            listed = [name for name in (*self.starred, *self.bindings) if not name.startswith("_")]
        meanings = ((name, self.alternatives(name)) for name in listed)
        return {name: found[0] for name, found in meanings if found}

    def _listed(self) -> list[str] | None:
        """The names of a literal `__all__`; None where there is none."""
        binding = self.binding("__all__")
        if binding is None or not isinstance(binding.node, (cst.List, cst.Tuple)):
            return None
        values = [element.value for element in binding.node.elements]
        if not all(isinstance(value, cst.SimpleString) for value in values):
            return None
        return [str(value.evaluated_value) for value in values if isinstance(value, cst.SimpleString)]


def names_of(source: SourceModule) -> Names:
    """The names of a file; what its star imports bring is unknown here (`Reach.names` knows)."""
    found = list(bindings_of(source.tree.body, source.package))
    if _GLOBAL.search(source.text):
        found += [Binding(name, "value", None, guarded=True) for name in _globals_assigned(source.tree)]
    table = _table(item for item in found if item.name != "*")
    # a star import that only type checkers see often brings a whole library, and never a name that runs
    stars = tuple(item.module for item in found if item.name == "*" and not item.typing_only)
    return Names(source.name, source.package, table, stars)


def _table(found: Iterable[Binding]) -> dict[str, tuple[Binding, ...]]:
    """Bindings by name; one that certainly happens replaces those before it."""
    table: dict[str, tuple[Binding, ...]] = {}
    for binding in found:
        table[binding.name] = (*table.get(binding.name, ()), binding) if binding.guarded else (binding,)
    return table


def _globals_assigned(tree: cst.Module) -> list[str]:
    """The names that some function declares `global`."""
    finder = _GlobalFinder()
    tree.visit(finder)
    return finder.names


class _GlobalFinder(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_Global(self, node: cst.Global) -> None:
        self.names += [item.name.value for item in node.names]
