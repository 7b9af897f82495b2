"""How far names are followed: a qualified name enters, the definition in the file that makes it leaves.

    reach = Reach(root)                                             # the project's own files
    reach = Reach(root, follow=["mylib"], search=sys.path)          # and the package `mylib`, wherever `search` has it
    reach = Reach(root, search=sys.path, everything=True)           # whatever is importable (`jvpgen.transform`)

    source = reach.load(path)                       # SourceModule | Diagnostic, read once
    reach.names(source).qualified("Block")          # names, with the star imports of followed files
    reach.meaning(source, "nn.Dense")               # "flax.linen.linear.Dense": names and resolve, followed or not
    reach.resolve("models.Block")                   # "models.cnn.Block": through re-exports, aliases, circular imports
    reach.trail("models.act", source)               # the way there: ("models.act", "flax.linen.relu", "jax.nn.relu")
    reach.definition("models.Block", source)        # Definition(kind="module_class", qualified, module, node) or None
    reach.problems, reach.missing                   # what could not be read or found on the way

Pass the file that asks where there is one: relative and script-style imports depend on it. Nothing is imported or run.
jax, numpy, scipy and the standard library are never entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import libcst as cst

from jvpgen.diagnostics.report import Diagnostic
from jvpgen.source import flax_names
from jvpgen.source.bindings import Binding, bindings_of, dotted_text
from jvpgen.source.classes import class_kind
from jvpgen.source.module import SourceModule, import_base, load
from jvpgen.source.names import Names, names_of
from jvpgen.source.search import Search

if TYPE_CHECKING:
    from jvpgen.source.classes import Ancestor, Field, Method

Kind = Literal["module_class", "struct", "class", "function", "value"]


@dataclass(frozen=True, eq=False)
class Definition:
    """What a qualified name is: `node` is a ClassDef, a FunctionDef, or the expression that a value is assigned from.

    "module_class" is a flax.linen Module, "struct" a dataclass, NamedTuple or flax.struct class.
    `qualified` is the name under which its own file defines it; inside a function it is `module.f.<locals>.Block`.
    """

    kind: Kind
    qualified: str
    module: SourceModule = field(repr=False)
    node: cst.ClassDef | cst.FunctionDef | cst.BaseExpression = field(repr=False)

    @property
    def name(self) -> str:
        return self.qualified.rpartition(".")[2]

    @property
    def path_in_module(self) -> str:
        """`Outer.Inner`: the name without its module's."""
        return self.qualified.removeprefix(f"{self.module.name}.")

    @property
    def key(self) -> str:
        """What tells it from every other definition, files of one dotted name included."""
        return f"{self.module.absolute}:{self.path_in_module}"


class _End(NamedTuple):
    """Where following a name ends. Without a binding, nothing is known beyond the name; `circular` ones led back."""

    trail: tuple[str, ...]
    module: SourceModule | None = None
    binding: Binding | None = None
    rest: tuple[str, ...] = ()
    circular: bool = False

    @property
    def name(self) -> str:
        return self.trail[-1]


class Reach:
    """The files within reach, read when first asked for. What it returns is frozen; asking twice gives it again."""

    def __init__(
        self,
        root: Path,
        *,
        follow: Sequence[str] = (),
        search: Iterable[str | Path] = (),
        everything: bool = False,
        rules: Sequence[str] = (),
        custom_vjp: Literal["error", "primal"] = "error",
    ) -> None:
        self._search = Search(root, follow, search, everything)
        self.root = self._search.root
        self.rules = tuple(rules)  # the modules that write rules for functions
        self.custom_vjp = custom_vjp  # whether functions with a `jax.custom_vjp` are refused, or their source derived
        self.mros: dict[str, tuple[Ancestor, ...]] = {}  # these three are what `classes` has found out, by definition
        self.own_methods: dict[str, Mapping[str, Method]] = {}
        self.fields: dict[str, tuple[Field, ...]] = {}
        self._files: dict[Path, SourceModule | Diagnostic] = {}
        self._by_name: dict[str, SourceModule] = {}
        self._names: dict[Path, Names] = {}
        self._definitions: dict[str, Definition | None] = {}

    # --- Files --------------------------------------------------------------------------------------------------------

    @property
    def missing(self) -> tuple[str, ...]:
        """Followed packages that are not found."""
        return self._search.missing()

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        """Why files could not be read."""
        broken = [found for found in self._files.values() if isinstance(found, Diagnostic)]
        return tuple(sorted(broken, key=Diagnostic.sort_key))

    def in_project(self, path: Path) -> bool:
        """Whether a file is one of the project's own."""
        return self._search.in_project(path)

    def is_own(self, top: str) -> bool:
        """Whether a top-level package or module is the project's, or followed."""
        return self._search.is_own(top)

    def load(self, path: Path) -> SourceModule | Diagnostic:
        """The file at `path`, parsed once."""
        absolute = path.absolute()
        if absolute not in self._files:
            self.add(absolute, load(absolute, self.root))
        return self._files[absolute]

    def _load_as(self, name: str, path: Path) -> SourceModule | Diagnostic:
        """A file of another package that has no `__init__.py`: its name is the one by which it was found."""
        absolute = path.absolute()
        if absolute not in self._files:
            self.add(absolute, load(absolute, self.root, name))
        return self._files[absolute]

    def add(self, path: Path, source: SourceModule | Diagnostic) -> None:
        """Takes `source` for the file at `path`, whatever stands there."""
        self._files[path.absolute()] = source
        if isinstance(source, SourceModule):
            self._by_name.setdefault(source.name, source)

    def module(self, name: str, asking: SourceModule | None = None) -> SourceModule | None:
        """The followed file of the dotted module `name`, as the file `asking` imports it; None if there is none."""
        path = self._search.find(name, asking)
        if path is None:
            return self._by_name.get(name)
        in_package = import_base(path) != path.parent
        found = self.load(path) if in_package or self.in_project(path) else self._load_as(name, path)
        return found if isinstance(found, SourceModule) else None

    def unreadable(self, qualified: str, asking: SourceModule | None = None) -> Diagnostic | None:
        """Why the file that should define `qualified` cannot be read; None where it can, or where there is none."""
        parts = qualified.split(".")
        for count in range(len(parts), 0, -1):
            path = self._search.find(".".join(parts[:count]), asking)
            if path is not None:
                found = self.load(path)
                return found if isinstance(found, Diagnostic) else None
        return None

    # --- Names --------------------------------------------------------------------------------------------------------

    def names(self, source: SourceModule) -> Names:
        """The names of a file, those of its star imports included where these are known."""
        known = self._names.get(source.absolute)
        if known is not None:
            return known
        names = names_of(source)
        self._names[source.absolute] = names  # what a circular star import sees, as in Python
        if names.stars:
            names = self._with_stars(names, source)
            self._names[source.absolute] = names
        return names

    def names_at(self, definition: Definition) -> Names:
        """The names in sight where a definition stands: inside a function, its imports count too."""
        names = self.names(definition.module)
        for _, container in self._containers(definition):
            if isinstance(container, cst.FunctionDef):
                names = names.with_imports(container)
        return names

    def _with_stars(self, names: Names, source: SourceModule) -> Names:
        starred: dict[str, str] = {}
        unknown = []
        for star in names.stars:
            module = self.module(star, source)
            if module is not None:
                starred.update(self.names(module).exports())
            elif star in flax_names.STARS:
                starred.update(flax_names.STARS[star])
            else:
                unknown.append(star)
        return replace(names, stars=tuple(unknown), starred=starred)

    # --- Following ----------------------------------------------------------------------------------------------------

    def meaning(self, source: SourceModule, name: str | cst.BaseExpression) -> str | None:
        """The resolved qualified name of a dotted name of the file `source`; None if it is unknown or ambiguous."""
        meanings = {self.resolve(found, source) for found in self.names(source).alternatives(name)}
        return meanings.pop() if len(meanings) == 1 else None

    def resolve(self, qualified: str, asking: SourceModule | None = None) -> str:
        """The name under which the file that makes it defines `qualified`; itself where nothing more is known."""
        return self.trail(qualified, asking)[-1]

    def trail(self, qualified: str, asking: SourceModule | None = None) -> tuple[str, ...]:
        """The qualified names that `qualified` goes by on its way to its definition, itself first."""
        return tuple(dict.fromkeys((qualified, *self._follow(qualified, asking, frozenset()).trail)))

    def definition(self, qualified: str, asking: SourceModule | None = None) -> Definition | None:
        """What `qualified` is, if it leads to a followed file."""
        end = self._follow(qualified, asking, frozenset())
        if end.module is None or end.binding is None:
            return None
        node: cst.CSTNode | None = end.binding.node
        for part in end.rest:
            node = _member(node, part) if isinstance(node, cst.ClassDef) else None
        return None if node is None else self.define(end.module, end.name, node)

    def define(self, module: SourceModule, qualified: str, node: cst.CSTNode) -> Definition | None:
        """The definition that `node`, of the file `module`, is; `qualified` says where in the file it stands."""
        key = f"{module.absolute}:{qualified}"
        known = self._definitions.get(key)
        if known is not None and known.node is node:
            return known
        if isinstance(node, cst.ClassDef):
            found = Definition("class", qualified, module, node)
            self._definitions[key] = found  # for a class among its own ancestors
            found = replace(found, kind=class_kind(found, self))
            self.mros.pop(found.key, None)
        elif isinstance(node, cst.FunctionDef):
            found = Definition("function", qualified, module, node)
        elif isinstance(node, cst.BaseExpression):
            found = Definition("value", qualified, module, node)
        else:
            return None
        self._definitions[key] = found
        return found

    def sibling(self, definition: Definition, name: str) -> Definition | None:
        """What `name` means among the definitions of the classes and functions around `definition`, innermost first."""
        first, *rest = name.split(".")
        for prefix, container in reversed(self._containers(definition)):
            node = _member(container, first)
            for part in rest:
                node = _member(node, part) if isinstance(node, cst.ClassDef) else None
            if node is not None and node is not definition.node:
                return self.define(definition.module, f"{prefix}.{name}", node)
        return None

    def _containers(self, definition: Definition) -> list[tuple[str, cst.ClassDef | cst.FunctionDef]]:
        """The classes and functions around a definition, outermost first, each with the name of what is inside it."""
        prefix, node = definition.module.name, None
        found: list[tuple[str, cst.ClassDef | cst.FunctionDef]] = []
        parts = definition.path_in_module.split(".")[:-1]
        for part in parts:
            prefix = f"{prefix}.{part}"
            if part == "<locals>":
                found[-1] = (prefix, found[-1][1])
                continue
            if node is None:
                binding = self.names(definition.module).candidates(part)
                node = binding[0].node if binding else None
            else:
                node = _member(node, part)
            if not isinstance(node, cst.ClassDef | cst.FunctionDef):
                break
            found.append((prefix, node))
        return found

    def _follow(self, qualified: str, asking: SourceModule | None, seen: frozenset[tuple[Path, str]]) -> _End:
        module, path = self._split(qualified, asking)
        if module is None:
            return _End((flax_names.canonical(qualified),))
        if path:
            return self._follow_in(module, path, seen)
        above, _, last = qualified.rpartition(".")
        package = self.module(above, asking) if above else None
        if package is not None and self._binds(package, last):  # `from .act import act` hides the file act.py
            end = self._follow_in(package, (last,), seen)
            if not end.circular:
                return end
        return _End((module.name,), module)

    def _binds(self, module: SourceModule, name: str) -> bool:
        names = self.names(module)
        return name in names.bindings or name in names.starred

    def _follow_in(self, module: SourceModule, path: tuple[str, ...], seen: frozenset[tuple[Path, str]]) -> _End:
        """Follows a name of the file `module` through its imports and aliases."""
        first, rest = path[0], path[1:]
        here = ".".join((module.name, *path))
        if (module.absolute, first) in seen:  # the name leads back to itself
            return _End((here,), circular=True)
        seen |= {(module.absolute, first)}
        names = self.names(module)
        ends = [self._follow_binding(binding, module, path, seen) for binding in names.candidates(first)]
        if not ends and first in names.starred:
            ends = [self._follow(".".join((names.starred[first], *rest)), module, seen)]
        if not ends or len({(end.name, id(end.binding and end.binding.node)) for end in ends}) > 1:
            return _End((here,))
        return ends[0]._replace(trail=(here, *ends[0].trail))

    def _follow_binding(
        self, binding: Binding, module: SourceModule, path: tuple[str, ...], seen: frozenset[tuple[Path, str]]
    ) -> _End:
        rest = path[1:]
        if binding.kind == "import":
            return self._follow_import(binding, module, rest, seen)
        alias = dotted_text(binding.node) if binding.kind == "value" else None
        if alias is not None:
            names = self.names(module)
            first = alias.partition(".")[0]
            if self._binds(module, first):
                end = self._follow_in(module, (*alias.split("."), *rest), seen)
                return end._replace(trail=end.trail[1:] or end.trail)  # without "this.module.nn.gelu"
            meaning = names.qualified(alias)
            if meaning is not None:
                return _End((".".join((meaning, *rest)),))
        return _End((".".join((module.name, *path)),), module, binding, rest)

    def _follow_import(
        self, binding: Binding, asking: SourceModule, rest: tuple[str, ...], seen: frozenset[tuple[Path, str]]
    ) -> _End:
        module = self.module(binding.module, asking) if binding.attribute else None
        if module is not None and self._binds(module, binding.attribute):
            end = self._follow_in(module, (binding.attribute, *rest), seen)
            if not end.circular or self.module(binding.target, asking) is None:
                return end._replace(trail=(".".join((binding.target, *rest)), *end.trail))
            # `from . import b` in the package's own __init__, or a circle of imports: Python takes the file then
        qualified = ".".join((binding.target, *rest))
        end = self._follow(qualified, asking, seen)
        return end._replace(trail=(qualified, *end.trail))

    def _split(self, qualified: str, asking: SourceModule | None) -> tuple[SourceModule | None, tuple[str, ...]]:
        """The followed file that the longest beginning of a qualified name names, and the rest of the name."""
        if asking is not None and qualified.startswith(f"{asking.name}."):
            rest = tuple(qualified[len(asking.name) + 1 :].split("."))
            if self.names(asking).candidates(rest[0]):
                return asking, rest
        parts = tuple(qualified.split("."))
        for count in range(len(parts), 0, -1):
            module = self.module(".".join(parts[:count]), asking)
            if module is not None:
                return module, parts[count:]
        return None, ()


def _member(node: cst.CSTNode | None, name: str) -> cst.CSTNode | None:
    """What the name `name` is bound to in the body of a class or function; the last of several."""
    if not isinstance(node, cst.ClassDef | cst.FunctionDef):
        return None
    found = [item for item in bindings_of(node.body.body, "") if item.name == name]
    return found[-1].node if found else None
