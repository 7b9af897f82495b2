"""The imports of a generated file: what its functions read, from where the source has it.

A name that the source imports is imported the same way; what the source defines is imported from the source; the
runtime's and the rules' names come from jvpgen. Nothing unused is imported.
"""

from __future__ import annotations

import builtins
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import libcst as cst

from jvpgen.forward.naming import MODULE_OF, RUNTIME_NAMES
from jvpgen.ir import nodes
from jvpgen.ir.lower import text_of
from jvpgen.ir.scoping import reads
from jvpgen.rules import RULES
from jvpgen.source.bindings import Binding
from jvpgen.source.module import SourceModule
from jvpgen.source.names import Names

CANONICAL_MODULES: Mapping[str, str] = {
    "jnp": "import jax.numpy as jnp",
    "lax": "from jax import lax",
    "nn": "import flax.linen as nn",
    "jax": "import jax",
    "np": "import numpy as np",
    "operator": "import operator",
}
_FORMULAS = frozenset(rule.function for rule in RULES.values() if rule.function is not None)


def free_names(parts: Iterable[nodes.Node]) -> frozenset[str]:
    """Names that functions and statements read from their module, or from builtins."""
    return frozenset(name for part in parts for name in reads(part))


def import_lines(
    used: frozenset[str],
    source: SourceModule,
    names: Names,
    runtime: Mapping[str, str],
    modules: Mapping[str, str],
    hidden: Mapping[str, str],
    absolute: bool,
) -> list[str]:
    """The import statements for the names in `used`, in the groups third-party, jvpgen, source.

    `hidden` are names that stand for definitions of the source which have another name there.
    """
    others: set[str] = set()
    ours: defaultdict[str, list[str]] = defaultdict(list)
    own: set[str] = set()
    spelled_runtime = {spelled: name for name, spelled in runtime.items()}
    spelled_modules = {spelled: name for name, spelled in modules.items()}
    for name in sorted(used):
        if name in spelled_runtime or (name in RUNTIME_NAMES and name not in runtime):
            original = spelled_runtime.get(name, name)
            ours["jvpgen.runtime"].append(name if original == name else f"{original} as {name}")
        elif name in hidden:
            own.add(f"{hidden[name]} as {name}")
        elif name in _FORMULAS and not names.candidates(name):
            ours["jvpgen.runtime.formulas"].append(name)
        elif names.candidates(name):
            statement = _same_import(names.candidates(name), absolute)
            others.add(statement) if statement is not None else own.add(name)
        elif name in names.starred:
            own.add(name)
        elif name in spelled_modules or name in CANONICAL_MODULES:
            usual = spelled_modules.get(name, name)
            others.add(CANONICAL_MODULES[usual] if usual == name else f"import {MODULE_OF[usual]} as {name}")
        elif not hasattr(builtins, name):
            own.add(name)
    ours_lines = [f"from {module} import {_listed(items)}" for module, items in sorted(ours.items())]
    own_lines = [f"from {_module_of(source, absolute)} import {_listed(own)}"] if own else []
    return _sections([*_joined(others), *ours_lines], own_lines)


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


def _same_import(candidates: tuple[Binding, ...], absolute: bool) -> str | None:
    """The source's own import of a name, as a statement; None if the name is best taken from the source itself."""
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
        module = binding.module if absolute else _spelled_module(statement)
        item = binding.attribute if binding.attribute == binding.name else f"{binding.attribute} as {binding.name}"
        return f"from {module} import {item}"
    return None


def _spelled_module(statement: cst.ImportFrom) -> str:
    dots = "".join("." for _ in statement.relative)
    return dots + (text_of(statement.module) if statement.module is not None else "")


def _module_of(source: SourceModule, absolute: bool) -> str:
    """The source as the generated file beside it imports it."""
    if absolute or not source.package:
        return source.name
    if source.is_package:
        return "." if source.name == source.package else f".{source.name.rpartition('.')[2]}"
    return f".{source.name.rpartition('.')[2]}"
