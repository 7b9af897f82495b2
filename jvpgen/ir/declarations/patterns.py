"""Patterns of variables, `params/**/lora_*`, against what a class declares: which of them can match nothing.

Only a class of which everything is known has such patterns: its bases, its modules and those below them, and what gets
hold of the module itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from jvpgen.ir import nodes
from jvpgen.ir.declarations.analysis import declarations_of
from jvpgen.ir.lower import lower_function
from jvpgen.source import flax_layers, flax_names
from jvpgen.source.classes import methods, mro
from jvpgen.source.flax_names import MODULE
from jvpgen.source.reach import Definition, Reach


def unmatched(patterns: Iterable[str], definition: Definition, reach: Reach) -> Iterator[str]:
    """The patterns that fit no variable of the class or of the modules in it; none where these are not all known."""
    paths = [f"{item.collection}/{item.path}".split("/") for item in declarations_of(definition, reach).variables]
    found = [pattern for pattern in patterns if not any(_fits(pattern.split("/"), path) for path in paths)]
    if found and _is_known(definition, reach, frozenset()):
        yield from found


def _fits(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether a path may match; `{i}` in it is known at run time only."""
    if not pattern or not path:
        return not path and all(part == "**" for part in pattern)
    first, *rest = pattern
    if first == "**":
        return _fits(rest, path) or _fits(pattern, path[1:])
    if "**" in first or ("{" in path[0] and "{" not in first):
        return "**" in first or _fits(rest, path[1:])
    return fnmatchcase(path[0], re.sub(r"([\[?])", r"[\1]", first)) and _fits(rest, path[1:])


def _is_known(definition: Definition, reach: Reach, inside: frozenset[str]) -> bool:
    """Whether all that a module class declares is known, however deep."""
    if definition.key in inside:
        return True
    bases = (base for base in mro(definition, reach) if base.definition is None)
    if not all(base.qualified == MODULE or base.qualified == "builtins.object" for base in bases):
        return False
    if any(_hands_itself_on(method.node) for method in methods(definition, reach).values()):
        return False
    for child in declarations_of(definition, reach).submodules:
        made = reach.definition(child.qualified, definition.module) if child.qualified else None
        if not child.known or (made is None and not _is_plain_layer(child.qualified)):
            return False
        if made is not None and not _is_known(made, reach, inside | {definition.key}):
            return False
    return True


def _is_plain_layer(qualified: str | None) -> bool:
    return qualified is not None and flax_names.is_module_class(qualified) and flax_layers.layer(qualified) is not None


def _hands_itself_on(method: object) -> bool:
    """Whether a method gives its module away as it is: who has it may make variables in it."""
    function = lower_function(method)  # type: ignore[arg-type]
    names = function.parameters.names()
    itself = nodes.Name(names[0]) if names else None
    for statement in function.body:
        for node in nodes.walk(statement):
            inside = nodes.children(node) if not isinstance(node, nodes.Attribute) else ()
            if any(child == itself for child in inside):
                return True
    return False
