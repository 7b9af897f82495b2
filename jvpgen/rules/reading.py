"""The rules of a project, read and never run: the modules that `[tool.jvpgen] rules` names enter, a table leaves.

    user_rules(reach)                       # UserRules: by name, with what is wrong with them
    own_rule("mylib.ops.swish", source, reach)

A rules module holds calls of the words in `jvpgen.rules.users`, whose arguments are literals. A function that is
decorated with `jvpgen.no_tangent` has a rule by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from weakref import WeakKeyDictionary

import libcst as cst

from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic
from jvpgen.ir.lower import lower_function
from jvpgen.ir.show import show
from jvpgen.rules.fitting import Actual, misfit
from jvpgen.rules.rule import Rule, RuleError
from jvpgen.rules.table import lookup, spellings
from jvpgen.rules.users import WORDS, without_tangent, written
from jvpgen.source.literals import NotLiteral, literal
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach
from jvpgen.source.span import Span

NO_TANGENT = frozenset(("jvpgen.no_tangent", "jvpgen.runtime.user_rules.no_tangent"))
_KEEP_SIGNATURES = frozenset("jit custom_jvp custom_vjp checkpoint remat derive no_tangent".split())


@dataclass(frozen=True)
class UserRules:
    """The rules of a project's own: by the name under which their function is defined, as far as that is in reach.

    `modules` are the dotted names of the files that write them, `missing` those that lead to no file, `problems` what
    is wrong there.
    """

    table: Mapping[str, Rule] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


_known: WeakKeyDictionary[Reach, UserRules] = WeakKeyDictionary()


def user_rules(reach: Reach) -> UserRules:
    """The rules of the modules that `reach.rules` names, read once."""
    if reach not in _known:
        _known[reach] = _read(reach)
    return _known[reach]


def hold(reach: Reach, rules: Iterable[Rule]) -> None:
    """Takes these for the rules of users, wherever they come from: what a running program has registered."""
    _known[reach] = UserRules(MappingProxyType({reach.resolve(rule.name): rule for rule in rules}))


def own_rule(name: str, source: SourceModule, reach: Reach) -> Rule | None:
    """The rule that users have written for a function, by its qualified name as the file `source` resolves it."""
    table = user_rules(reach).table
    if table:
        for spelled in spellings(name) if not name.startswith("numpy.") else (name,):
            if spelled in table:
                return table[spelled]
    definition = reach.definition(name, source)
    if definition is not None and is_without_tangent(definition, reach):
        return without_tangent(name)
    return None


def is_without_tangent(definition: Definition, reach: Reach) -> bool:
    """Whether `jvpgen.no_tangent` stands on a function, or makes a value: `hard = jvpgen.no_tangent(soft)`."""
    if "no_tangent" not in definition.module.text:
        return False
    match definition.node:
        case cst.FunctionDef(decorators=decorators):
            return any(reach.meaning(definition.module, item.decorator) in NO_TANGENT for item in decorators)
        case cst.Call(func=function):
            return reach.meaning(definition.module, function) in NO_TANGENT
    return False


def parameter_names(name: str, source: SourceModule, reach: Reach) -> tuple[str, ...]:
    """The positional parameters of a function, or of the one that a value is made of: `act = jax.jit(plain)`."""
    definition = reach.definition(name, source)
    if definition is not None and isinstance(definition.node, cst.Call) and definition.node.args:
        meaning = reach.meaning(definition.module, definition.node.args[0].value)
        definition = reach.definition(meaning, definition.module) if meaning is not None else None
    if definition is None or not isinstance(definition.node, cst.FunctionDef):
        return ()
    return tuple(item.name for item in _parameters(definition.node) if item.kind in ("positional-only", "positional"))


# --- Reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """A rule, the text of its signature in the file, and where that stands."""

    rule: Rule
    source: SourceModule
    span: Span


def _read(reach: Reach) -> UserRules:
    table: dict[str, _Found] = {}
    modules: list[str] = []
    missing: list[str] = []
    problems: list[Diagnostic] = []
    for name in reach.rules:
        source = reach.module(name)
        if source is None:
            missing.append(name)
            continue
        modules.append(source.name)
        for found in _rules_in(source, reach):
            if isinstance(found, Diagnostic):
                problems.append(found)
                continue
            resolved = reach.resolve(found.rule.name, source)
            problems += _problems(found, resolved, table.get(resolved), reach)
            table.setdefault(resolved, found)
    rules = {name: found.rule for name, found in table.items()}
    return UserRules(MappingProxyType(rules), tuple(modules), tuple(missing), tuple(problems))


def _rules_in(source: SourceModule, reach: Reach) -> Iterator[_Found | Diagnostic]:
    for statement in source.tree.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            yield _no_rule(statement, source)
            continue
        for part in statement.body:
            match part:
                case cst.Import() | cst.ImportFrom():
                    pass
                case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
                    pass
                case cst.Expr(value=cst.Call() as call) if word := _word(call, source, reach):
                    yield from _rules_of_call(call, word, source)
                case _:
                    yield _no_rule(part, source)


def _no_rule(node: cst.CSTNode, source: SourceModule) -> Diagnostic:
    text = source.code(node).splitlines()[0]
    return diagnostic("JVP405", f"`{text if len(text) < 60 else text[:57] + '…'}` writes no rule", source.span(node))


def _word(call: cst.Call, source: SourceModule, reach: Reach) -> str | None:
    package, _, word = (reach.meaning(source, call.func) or "").rpartition(".")
    return word if package == "jvpgen" and word in WORDS else None


def _rules_of_call(call: cst.Call, word: str, source: SourceModule) -> Iterator[_Found | Diagnostic]:
    texts: list[tuple[object, cst.BaseExpression]] = []
    options: dict[str, object] = {}
    places: dict[str, cst.BaseExpression] = {}
    try:
        for argument in call.args:
            if argument.star:
                raise NotLiteral(argument.value)
            value = literal(argument.value)
            if argument.keyword is None:
                texts.append((value, argument.value))
            else:
                options[argument.keyword.value], places[argument.keyword.value] = value, argument.value
    except NotLiteral as wrong:
        shown = source.code(wrong.node)
        yield diagnostic("JVP405", f"`{shown}` is no literal, and rules are read, not run", source.span(wrong.node))
        return
    for text, node in texts:
        span = source.span(node)
        try:
            (rule,) = written(word, [text], options, f"{source.path}:{span.line}")
        except RuleError as wrong:
            yield diagnostic("JVP406", str(wrong), source.span(places[wrong.about]) if wrong.about in places else span)
        else:
            yield _Found(rule, source, span)
    if not texts:
        yield diagnostic("JVP406", f"`{word}` is given no signature", source.span(call))


# --- What a rule can match --------------------------------------------------------------------------------------------


def _problems(found: _Found, resolved: str, other: _Found | None, reach: Reach) -> Iterator[Diagnostic]:
    """What is wrong with a rule that can be read: it matches nothing, or not alone."""
    name, span = found.rule.name, found.span
    reason = _matches_nothing(found, reach)
    if reason is not None:
        yield diagnostic("JVP407", f"the rule for `{name}` can match nothing: {reason}", span)
    if other is not None:
        yield diagnostic("JVP408", f"`{name}` has a rule already, at {other.rule.place}", span)
    elif lookup(resolved) is not None:
        yield diagnostic("JVP409", f"this rule for `{resolved}` replaces jvpgen's own", span)


def _matches_nothing(found: _Found, reach: Reach) -> str | None:
    name = found.rule.name
    definition = reach.definition(name, found.source)
    if definition is None:
        return _not_there(name, found.source, reach)
    if definition.kind in ("module_class", "struct", "class"):
        return "it is a class, and rules are for functions"
    if not isinstance(definition.node, cst.FunctionDef):
        return None
    if "." in definition.path_in_module and not _has_decorator(definition.node, frozenset(("staticmethod",))):
        return "it is a method, and rules are for functions"
    if not all(_has_decorator(item, _KEEP_SIGNATURES) for item in definition.node.decorators):
        return None  # what the decorator makes of its parameters is not known
    return misfit(found.rule, _parameters(definition.node))


def _not_there(name: str, source: SourceModule, reach: Reach) -> str | None:
    """Why a name that leads to no definition can be none's; None where it may be, beyond reach."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = reach.module(".".join(parts[:count]), source)
        if module is None:
            continue
        if count == len(parts):
            return "it is a module"
        names = reach.names(module)
        is_bound = parts[count] in names.bindings or parts[count] in names.starred or bool(names.stars)
        return None if is_bound else f"`{module.path}` has no `{parts[count]}`"
    return f"there is no module `{'.'.join(parts[:-1])}` in the project" if reach.is_own(parts[0]) else None


def _has_decorator(node: cst.FunctionDef | cst.Decorator, words: frozenset[str]) -> bool:
    """Whether a decorator, or one of a function's, is called by one of the words, or is a partial of such a one."""
    if isinstance(node, cst.FunctionDef):
        return any(_has_decorator(item, words) for item in node.decorators)
    return any(isinstance(part, cst.Name) and part.value in words for part in _names_in(node.decorator))


def _names_in(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _names_in(child)


def _parameters(node: cst.FunctionDef) -> tuple[Actual, ...]:
    return tuple(
        Actual(item.name, item.kind, None if item.default is None else show(item.default))
        for item in lower_function(node).parameters
    )
