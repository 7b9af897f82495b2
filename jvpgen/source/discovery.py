"""What a file asks for: a parsed file enters; its decorated definitions, its linen modules and its mistakes leave.

    found = discover(source, reach)
    found.derived        # (Derived(definition, options, span), …): one for each `@jvpgen.derive`, in source order
    found.modules        # every linen Module class of the file, nested ones and those inside functions included
    found.diagnostics    # JVP101 … JVP108, each with the span of the culprit

`DeriveOptions` says what the literal arguments of `derive` are. Outputs of one name are told apart within the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import libcst as cst

from jvpgen.diagnostics.catalogue import diagnostic
from jvpgen.diagnostics.report import Diagnostic
from jvpgen.source.bindings import bindings_of
from jvpgen.source.circles import circular_base
from jvpgen.source.classes import is_module, is_nnx, methods, mro
from jvpgen.source.flax_names import MODULE
from jvpgen.source.literals import NotLiteral, literal
from jvpgen.source.module import SourceModule, is_name
from jvpgen.source.names import Names
from jvpgen.source.reach import Definition, Reach
from jvpgen.source.span import Span

DERIVE = frozenset({"jvpgen.derive", "jvpgen.marking.derive"})


@dataclass(frozen=True)
class DeriveOptions:
    """The literal arguments of one `@jvpgen.derive(…)`; None where one is not given.

    `variables` and `arguments` are what may carry a tangent, `name` the whole name of the generated function.
    """

    variables: tuple[str, ...] | None = None
    arguments: tuple[str, ...] | None = None
    name: str | None = None
    install: bool = False
    custom_vjp: Literal["error", "primal"] | None = None

    @property
    def is_bare(self) -> bool:
        """Whether this is the derivative in everything, which `apply_jvp` uses."""
        return self.variables is None and self.arguments is None and self.name is None


@dataclass(frozen=True, eq=False)
class Derived:
    """One request for a derivative: a module class or a plain function, and the span of its decorator.

    `named` is the value that the decorator's name stands for, where that and not the decorator says the options.
    """

    definition: Definition
    options: DeriveOptions
    span: Span
    named: Definition | None = None

    @property
    def function_name(self) -> str:
        """The name of the generated function of `__call__`, or of the plain function."""
        return self.options.name or f"{self.definition.path_in_module.replace('.', '_')}_jvp"


@dataclass(frozen=True, eq=False)
class Discovery:
    derived: tuple[Derived, ...]
    modules: tuple[Definition, ...]
    diagnostics: tuple[Diagnostic, ...]


def discover(source: SourceModule, reach: Reach) -> Discovery:
    """What the file `source` asks for."""
    derived: list[Derived] = []
    modules: list[Definition] = []
    problems: list[Diagnostic] = []
    for place in _places(source.tree.body, source.name, reach.names(source), ()):
        definition = reach.define(source, place.qualified, place.node)
        if definition is None:
            continue
        if isinstance(place.node, cst.ClassDef) and is_module(definition, reach) and definition.qualified != MODULE:
            modules.append(definition)
        for decorator in _derive_decorators(place, source, reach):
            outcome = _request(definition, decorator, place, reach)
            problems += outcome if isinstance(outcome, list) else ()
            derived += () if isinstance(outcome, list) else (outcome,)
    problems += _clashes(derived, reach)
    return Discovery(tuple(derived), tuple(modules), tuple(problems))


# --- Definitions of a file --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Place:
    """A class or function of the file, and what stands around it, outermost first."""

    qualified: str
    node: cst.ClassDef | cst.FunctionDef
    names: Names
    around: tuple[cst.ClassDef | cst.FunctionDef, ...]


def _places(
    block: Iterable[cst.CSTNode], prefix: str, names: Names, around: tuple[cst.ClassDef | cst.FunctionDef, ...]
) -> Iterator[_Place]:
    for binding in bindings_of(block, names.package):
        node = binding.node
        if not isinstance(node, cst.ClassDef | cst.FunctionDef):
            continue
        qualified = f"{prefix}.{binding.name}"
        yield _Place(qualified, node, names, around)
        if isinstance(node, cst.ClassDef):
            yield from _places(node.body.body, qualified, names, (*around, node))
        elif _may_hold_definitions(node):
            inner = names.with_imports(node)
            yield from _places(node.body.body, f"{qualified}.<locals>", inner, (*around, node))


def _may_hold_definitions(node: cst.FunctionDef) -> bool:
    return isinstance(node.body, cst.IndentedBlock)


# --- Decorators -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Decorator:
    """A `derive` decorator: where it stands, and what says its options, which may be in another file.

    That is the decorator itself, or the value of its name: `mark = jvpgen.derive(arguments=("x",))`, `@mark`.
    """

    span: Span
    value: cst.BaseExpression
    source: SourceModule
    named: Definition | None = None


def _derive_decorators(place: _Place, source: SourceModule, reach: Reach) -> list[_Decorator]:
    """The `derive` decorators of a definition, in source order."""
    found = []
    for item in place.node.decorators:
        value = item.decorator
        function = value.func if isinstance(value, cst.Call) else value
        for name in place.names.alternatives(function):
            if reach.resolve(name, source) in DERIVE:
                found.append(_Decorator(source.span(value), value, source))
                break
            made = _made_elsewhere(name, source, reach) if function is value else None
            if made is not None:
                found.append(_Decorator(source.span(value), made.node, made.module, made))  # type: ignore[arg-type]
                break
    return found


def _made_elsewhere(name: str, source: SourceModule, reach: Reach) -> Definition | None:
    """The value of a name, if that is a call of `derive`."""
    definition = reach.definition(name, source)
    if definition is None or not isinstance(definition.node, cst.Call):
        return None
    names = reach.names(definition.module).alternatives(definition.node.func)
    return definition if any(reach.resolve(found, definition.module) in DERIVE for found in names) else None


def _request(definition: Definition, decorator: _Decorator, place: _Place, reach: Reach) -> Derived | list[Diagnostic]:
    """The request that a decorator makes, or why it makes none."""
    span = decorator.span
    name = definition.name
    if any(isinstance(outer, cst.FunctionDef) for outer in place.around):
        return [diagnostic("JVP107", f"`{name}` is defined inside a function", span)]
    if isinstance(place.node, cst.FunctionDef) and place.around:
        outer = place.around[-1].name.value
        return [diagnostic("JVP102", f"`{outer}.{name}` is a method", span)]
    circular = circular_base(definition, reach) if isinstance(place.node, cst.ClassDef) else None
    if circular is not None:
        return [diagnostic("JVP201", f"the bases of `{name}` go in a circle, by `{circular}`", span)]
    if isinstance(place.node, cst.ClassDef) and definition.kind != "module_class":
        if is_nnx(definition, reach):
            return [diagnostic("JVP103", f"`{name}` is an nnx module", span)]
        return [
            diagnostic("JVP101", f"`{name}` is no `flax.linen.Module`", span, notes=_unknown_bases(definition, reach))
        ]
    options = _options(decorator.value, decorator.source)
    if isinstance(options, list):
        return options
    unknown = list(_unknown_arguments(definition, options, decorator, reach))
    return unknown or Derived(definition, options, span, decorator.named)


def _unknown_bases(definition: Definition, reach: Reach) -> Iterator[str]:
    for ancestor in mro(definition, reach):
        if ancestor.definition is None and ancestor.qualified:
            broken = reach.unreadable(ancestor.qualified, definition.module)
            where = "in no file that jvpgen follows" if broken is None else f"in a file with an error, at {broken.span}"
            yield f"its base `{ancestor.qualified}` is {where}"


def _options(decorator: cst.BaseExpression, source: SourceModule) -> DeriveOptions | list[Diagnostic]:
    if not isinstance(decorator, cst.Call):
        return DeriveOptions()
    values: dict[str, object] = {}
    problems = []
    for argument in decorator.args:
        span = source.span(argument)
        key = argument.keyword.value if argument.keyword is not None else None
        if key is None:
            what = "`**` options" if argument.star else "a positional argument"
            problems.append(diagnostic("JVP106", f"`derive` takes no {what.removeprefix('a ')}", span))
            continue
        if key not in _CHECKS:
            known = ", ".join(f"`{name}`" for name in _CHECKS)
            problems.append(diagnostic("JVP106", f"`derive` has no option `{key}`", span, notes=[f"it has {known}"]))
            continue
        try:
            value = literal(argument.value)
        except NotLiteral as error:
            problems.append(diagnostic("JVP105", f"`{key}` is no literal", source.span(error.node)))
            continue
        wanted, convert = _CHECKS[key]
        try:
            values[key] = convert(value)
        except ValueError:
            problems.append(diagnostic("JVP106", f"`{key}` must be {wanted}", source.span(argument.value)))
    return problems or DeriveOptions(**values)  # type: ignore[arg-type]


def _names_option(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple | list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError


def _name_option(value: object) -> str | None:
    if value is None or (isinstance(value, str) and is_name(value)):
        return value
    raise ValueError


def _flag_option(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError


def _custom_vjp_option(value: object) -> object:
    if value in (None, "error", "primal"):
        return value
    raise ValueError


_CHECKS = {
    "variables": ("a tuple of path patterns", _names_option),
    "arguments": ("a tuple of argument names", _names_option),
    "name": ("a function name", _name_option),
    "install": ("True or False", _flag_option),
    "custom_vjp": ('"error" or "primal"', _custom_vjp_option),
}
assert set(_CHECKS) == {item.name for item in fields(DeriveOptions)}


def _unknown_arguments(
    definition: Definition, options: DeriveOptions, decorator: _Decorator, reach: Reach
) -> Iterator[Diagnostic]:
    """Complaints about `arguments` that neither the function nor any method of the class has."""
    if options.arguments is None or not isinstance(decorator.value, cst.Call):
        return
    known: set[str] = set()
    if isinstance(definition.node, cst.FunctionDef):
        known = set(_parameter_names(definition.node))
    else:
        for method in methods(definition, reach).values():
            known.update(_parameter_names(method.node))
    place = next(
        item.value for item in decorator.value.args if item.keyword is not None and item.keyword.value == "arguments"
    )
    for name in options.arguments:
        if name not in known:
            span = decorator.source.span(place)
            yield diagnostic("JVP106", f"`{definition.name}` has no argument `{name}`", span)


def _parameter_names(node: cst.FunctionDef) -> Iterator[str]:
    parameters = node.params
    for group in (parameters.posonly_params, parameters.params, parameters.kwonly_params):
        for parameter in group:
            yield parameter.name.value
    for star in (parameters.star_arg, parameters.star_kwarg):
        if isinstance(star, cst.Param):
            yield star.name.value


# --- Outputs ----------------------------------------------------------------------------------------------------------


def _clashes(derived: Sequence[Derived], reach: Reach) -> Iterator[Diagnostic]:
    """Complaints about functions that would bear the name of one before them."""
    taken: dict[str, Derived] = {}
    for request in derived:
        for name in _output_names(request, reach):
            before = taken.setdefault(name, request)
            if before is not request:
                note = f"the first is asked for in line {before.span.line}"
                yield diagnostic("JVP104", f"two derivatives would be named `{name}`", request.span, notes=[note])
                break


def _output_names(request: Derived, reach: Reach) -> Iterator[str]:
    yield request.function_name
    if request.options.name is None and isinstance(request.definition.node, cst.ClassDef):
        stem = request.function_name.removesuffix("_jvp")
        for name in methods(request.definition, reach):
            if not name.startswith("_") and name != "setup":
                yield f"{stem}_{name}_jvp"
