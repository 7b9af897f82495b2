"""The imports of a generated file: what its functions read, from where the source has it.

A name that the source imports is imported the same way; what the source defines is imported from the source; the
runtime's and the rules' names come from jvpgen. Nothing unused is imported.
"""

from __future__ import annotations

import builtins
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from jvpgen.emit.home import EITHER, Home
from jvpgen.forward.naming import MODULE_OF, RUNTIME_NAMES
from jvpgen.ir import nodes
from jvpgen.ir.lower import text_of
from jvpgen.ir.scoping import reads
from jvpgen.rules import RULES
from jvpgen.source.bindings import Binding
from jvpgen.source.module import SourceModule
from jvpgen.source.names import Names
from jvpgen.source.reach import Reach

CANONICAL_MODULES: Mapping[str, str] = {
    "jnp": "import jax.numpy as jnp",
    "lax": "from jax import lax",
    "nn": "import flax.linen as nn",
    "jax": "import jax",
    "np": "import numpy as np",
    "operator": "import operator",
}
_FORMULAS = frozenset(rule.function for rule in RULES.values() if rule.function is not None)


@dataclass(frozen=True)
class Import:
    """How a name is imported: the statement, and what it means; two names of one meaning are the same thing.

    `own` says that it comes from the very file that the derivative is made of.
    """

    statement: str
    meaning: str
    own: bool = False

    def called(self, name: str) -> Import:
        """The same thing under another name."""
        return replace(self, statement=f"{self.statement.partition(' as ')[0]} as {name}")


@dataclass(frozen=True)
class Registering:
    """The import of a module for the rules that it registers; `alone` is the one where its folder is no package."""

    statement: str
    alone: str | None = None


@dataclass(frozen=True)
class Spelled:
    """How functions made from one file spell what they read: the runtime's names, JAX's modules, hidden names.

    `hidden` are names that stand for definitions of the file which have another name there.
    """

    runtime: Mapping[str, str]
    modules: Mapping[str, str]
    hidden: Mapping[str, str] = field(default_factory=dict)


def free_names(parts: Iterable[nodes.Node]) -> frozenset[str]:
    """Names that functions and statements read from their module, or from builtins."""
    return frozenset(name for part in parts for name in reads(part))


def imports_of(
    used: frozenset[str], source: SourceModule, reach: Reach, spelled: Spelled, home: Home
) -> dict[str, Import]:
    """The imports of the names in `used`, which functions made from `source` read; builtins need none."""
    names = reach.names(source)
    runtime = {spelling: name for name, spelling in spelled.runtime.items()}
    modules = {spelling: name for name, spelling in spelled.modules.items()}
    found: dict[str, Import] = {}
    for name in sorted(used):
        here = f"{source.name}.{name}"
        if name in runtime or (name in RUNTIME_NAMES and name not in spelled.runtime):
            found[name] = _from("jvpgen.runtime", runtime.get(name, name), name)
        elif name in spelled.hidden:
            found[name] = replace(_from(home.module, spelled.hidden[name], name), own=True)
        elif name in _FORMULAS and not names.candidates(name):
            found[name] = _from("jvpgen.runtime.formulas", name, name)
        elif names.candidates(name) or name in names.starred:
            statement = _same_import(names.candidates(name), home)
            meaning = reach.meaning(source, name) or here
            own = Import(f"from {home.module} import {name}", meaning, own=True)
            found[name] = own if statement is None else Import(statement, meaning)
        elif name in modules or name in CANONICAL_MODULES:
            usual = modules.get(name, name)
            statement = CANONICAL_MODULES[usual] if usual == name else f"import {MODULE_OF[usual]} as {name}"
            found[name] = Import(statement, MODULE_OF[usual])
        elif not hasattr(builtins, name):
            found[name] = Import(f"from {home.module} import {name}", here, own=True)
    return found


def _from(module: str, original: str, name: str) -> Import:
    spelled = original if original == name else f"{original} as {name}"
    return Import(f"from {module} import {spelled}", f"{module}.{original}")


def import_lines(imports: Iterable[Import], home: Home, registering: Iterable[Registering] = ()) -> list[str]:
    """The import statements, in the groups standard library, others, relative imports, rules and the source itself."""
    found = list(imports)
    ours = [item.statement for item in found if item.statement.startswith("from jvpgen.")]
    others = [item.statement for item in found if not item.own and item.statement not in ours]
    own = _joined(item.statement for item in found if item.own)
    plain = [*_joined(dict.fromkeys(others)), *_joined(dict.fromkeys(ours))]
    rules = list(registering)
    decided = [item.statement for item in rules if item.alone is None]
    lines = _sections(plain, [*decided, *(own if home.alone is None else ())])
    for item in rules:
        if item.alone is not None:
            lines += _either([item.statement], [item.alone])
    if home.alone is not None and own:
        lines += _either(own, [line.replace(f"from {home.module} ", f"from {home.alone} ", 1) for line in own])
    return lines


def _either(lines: Iterable[str], alone: Iterable[str]) -> list[str]:
    return ["", "try:", *(f"    {line}" for line in lines), EITHER, *(f"    {line}" for line in alone)]


def registering(rules: Iterable[Home], taken: Mapping[str, str]) -> list[Registering]:
    """The imports of modules that write rules; `taken` are names that mean something in the file, and what."""
    return [
        Registering(_unused(home.module, taken), None if home.alone is None else _unused(home.alone, taken))
        for home in rules
    ]


def _unused(module: str, taken: Mapping[str, str]) -> str:
    """The import of a module for what it does, under a name that hides nothing."""
    top, _, _ = module.partition(".")
    if taken.get(top, top) == top:
        return f"import {module}  # noqa: F401"
    name = next(name for count in range(1, 99) if (name := module.rpartition(".")[2] + "_" * count) not in taken)
    return f"import {module} as {name}  # noqa: F401"


def added_import_lines(
    function: nodes.Function,
    own: frozenset[str],
    names: Names,
    runtime: Mapping[str, str],
    modules: Mapping[str, str],
) -> list[str]:
    """The import statements for what a derivative reads and its source, which reads `own`, does not."""
    spelled_runtime = {spelled: name for name, spelled in runtime.items()}
    spelled_modules = {spelled: name for name, spelled in modules.items()}
    lines = []
    for name in sorted(reads(function) - own):
        usual = spelled_modules.get(name, name if name not in modules else "")
        if name in spelled_runtime or (name in RUNTIME_NAMES and name not in runtime):
            original = spelled_runtime.get(name, name)
            lines.append(f"from jvpgen.runtime import {original if original == name else f'{original} as {name}'}")
        elif name in _FORMULAS and not names.candidates(name):
            lines.append(f"from jvpgen.runtime.formulas import {name}")
        elif usual in MODULE_OF and names.qualified(name) != MODULE_OF[usual]:
            lines.append(f"import {MODULE_OF[usual]} as {name}")
    return sorted(_joined(lines))


def _joined(statements: Iterable[str]) -> list[str]:
    """The statements, `from a import x` and `from a import y` as one."""
    from_imports: defaultdict[str, list[str]] = defaultdict(list)
    plain = []
    for statement in statements:
        if statement.startswith("from "):
            module, _, item = statement.removeprefix("from ").partition(" import ")
            from_imports[module].append(item)
        else:
            plain.append(statement)
    return [*plain, *(f"from {module} import {_listed(items)}" for module, items in from_imports.items())]


def _listed(items: Iterable[str]) -> str:
    """Names in the order of isort: constants, classes, everything else."""
    return ", ".join(sorted(items, key=_name_order))


def _name_order(item: str) -> tuple[int, str, str]:
    name = item.split()[0]
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name, item)


def _sections(lines: Sequence[str], own: Sequence[str]) -> list[str]:
    """The standard library, other packages, relative imports and the source itself, a blank line between them."""
    groups: list[list[str]] = [[], [], list(own)]
    for line in lines:
        module = line.split()[1]
        place = 2 if module.startswith(".") else 0 if module.split(".")[0] in sys.stdlib_module_names else 1
        groups[place].append(line)
    made: list[str] = []
    for group in groups:
        made += (
            ["", *sorted(set(group), key=lambda line: (line.startswith("from "), line.split()[1].lower()))]
            if group
            else []
        )
    return made[1:]


def _same_import(candidates: tuple[Binding, ...], home: Home) -> str | None:
    """The source's own import of a name, as a statement; None if the name is best taken from the source itself."""
    if not candidates:
        return None
    (binding, *others) = candidates
    if others or binding.kind != "import" or binding.guarded:
        return None
    statement = binding.node
    if isinstance(statement, cst.Import):
        module, alias = binding.module, binding.name
        return (
            f"import {module}" if alias == module.split(".")[0] and "." not in alias else f"import {module} as {alias}"
        )
    if isinstance(statement, cst.ImportFrom) and binding.attribute:
        module = home.named(binding.module, statement) if home.absolute else _spelled_module(statement)
        item = binding.attribute if binding.attribute == binding.name else f"{binding.attribute} as {binding.name}"
        return f"from {module} import {item}"
    return None


def _spelled_module(statement: cst.ImportFrom) -> str:
    dots = "".join("." for _ in statement.relative)
    return dots + (text_of(statement.module) if statement.module is not None else "")
