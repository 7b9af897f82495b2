"""The table of all rules: which function has which, under which names, and which argument is which parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType

from jvpgen.rules import (
    constants,
    einops,
    elementwise,
    indexing,
    linear_algebra,
    methods,
    neural,
    operators,
    reductions,
    structural,
)
from jvpgen.rules.aliases import ALIASES
from jvpgen.rules.rule import Rule, RuleError

FAMILIES = (
    elementwise,
    structural,
    reductions,
    linear_algebra,
    indexing,
    neural,
    einops,
    operators,
    methods,
    constants,
)


def table_of(entries: Iterable[Rule]) -> Mapping[str, Rule]:
    """The rules by name; two of one name are an error."""
    table: dict[str, Rule] = {}
    for entry in entries:
        if entry.name in table:
            raise RuleError(f"{entry.place}: {entry.name} has a rule already, at {table[entry.name].place}")
        table[entry.name] = entry
    return MappingProxyType(table)


RULES: Mapping[str, Rule] = table_of(entry for family in FAMILIES for entry in family.RULES)

# Rules for all functions of a module. (`operator.*` is not one of them: it is the product.)
_OF_MODULES = {
    name.removesuffix(".*"): entry for name, entry in RULES.items() if name.endswith(".*") and name != "operator.*"
}


# Modules that re-export another one's functions, or have functions of the same name and meaning.
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "numpy.": ("jax.numpy.",),
    "flax.linen.initializers.": ("jax.nn.initializers.",),
    "flax.linen.activation.": ("jax.nn.",),
    "flax.linen.": ("jax.nn.",),
    "jax.numpy.linalg.": ("jax.numpy.",),
}


@cache
def canonical(name: str) -> str:
    """The name under which the table knows a function: `flax.linen.relu` and `jax.nn.relu` are one."""
    return next((spelled for spelled in spellings(name) if spelled in RULES), name)


@cache
def lookup(name: str) -> Rule | None:
    """The rule of a function by its qualified name, or None; `jax.nn.initializers.*(...)` is for all of that module."""
    for spelled in spellings(name):
        module = spelled.rpartition(".")[0]
        rule = RULES.get(spelled)
        if rule is None and module != "operator":  # `operator.*` multiplies
            rule = RULES.get(f"{module}.*")
        if rule is not None:
            return rule
    return None


def spellings(name: str) -> Iterator[str]:
    """`name` and the other names of the same function, the likeliest first."""
    yield name
    if name in ALIASES:
        yield ALIASES[name]
    for prefix, others in _SPELLINGS.items():
        if name.startswith(prefix):
            for other in others:
                spelled = other + name.removeprefix(prefix)
                yield ALIASES.get(spelled, spelled)


def bind(rule: Rule, positional_count: int, keywords: Iterable[str]) -> dict[int | str, str] | None:
    """Which parameter each argument is, by position or keyword; None when the call does not fit the signature."""
    positional = [parameter.name for parameter in rule.parameters if parameter.kind == "positional"]
    star = next((parameter.name for parameter in rule.parameters if parameter.kind == "star"), None)
    rest = star or next((parameter.name for parameter in rule.parameters if parameter.kind == "any"), None)
    bound: dict[int | str, str] = {}
    for position in range(positional_count):
        name = positional[position] if position < len(positional) else rest
        if name is None:
            return None
        bound[position] = name
    taken = set(bound.values())
    for keyword in keywords:
        parameter = rule.by_name.get(keyword)
        if parameter is not None and parameter.kind in ("positional", "keyword") and keyword not in taken:
            bound[keyword] = keyword
        elif parameter is None and "..." in rule.by_name:
            bound[keyword] = "..."
        else:
            return None
    return bound
