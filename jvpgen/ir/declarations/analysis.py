"""What a Module class declares, from its text: a Definition enters, its Declarations leave.

The class's methods are walked, then each module that they make is looked into the same way, with the arguments of its
construction for its fields, so that the table shows `Dense_0/kernel` and shapes in terms of the class it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from jvpgen.ir import nodes
from jvpgen.ir.declarations import calls, layers, resolution
from jvpgen.ir.declarations.record import Declarations, DeclaredVariable, RngStream, Submodule
from jvpgen.ir.declarations.recorder import NAME_SCOPE
from jvpgen.ir.declarations.values import FunctionValue, Made, ModuleClass, StackedAxis, Text, Value
from jvpgen.ir.declarations.walk import Shared, Walk
from jvpgen.ir.lower import parse_expression
from jvpgen.ir.show import show
from jvpgen.source import flax_layers, flax_names
from jvpgen.source.classes import Method, fields, methods, mro
from jvpgen.source.reach import Definition, Reach
from jvpgen.source.recursion import deep_recursion

_DEEPEST = 30
_OR = " | "
_MOST_OPTIONS = 6
_NOT_WALKED = frozenset({"flax.linen.module.nowrap", "builtins.staticmethod", "builtins.classmethod"})


def declarations_of(definition: Definition, reach: Reach, shared: Shared | None = None) -> Declarations:
    """All that the Module class `definition` declares. One `Shared` for all classes of a run saves half the time."""
    with deep_recursion():
        walk = _walked(Walk(definition, reach, shared or Shared(), {}, nested=False))
        collected = _Collection(walk, (definition.key,))
        submodules = (*_field_modules(walk), *collected.submodules())
        variables, rngs = collected.all()
    return Declarations(fields(definition, reach), tuple(submodules), tuple(variables), tuple(rngs))


def _walked(walk: Walk) -> Walk:
    """The walk, over all methods of its class that may declare something."""
    found = methods(walk.definition, walk.reach)
    walk.recorder.in_setup = True
    for name in ("__post_init__", "setup"):
        if name in found:
            walk.method(found[name])
    walk.recorder.in_setup = False
    for method in sorted(found.values(), key=_order):
        if method.name in ("setup", "__post_init__") or not _is_entry(method):
            continue
        if f"{method.owner.key}.{method.name}" not in walk.walked:
            with walk.recorder.condition(method.name != "__call__" and "__call__" in found):
                walk.method(method)
    walk.recorder.settle()
    return walk


def _order(method: Method) -> int:
    """`__call__` first, for its modules are numbered first; then what else makes modules, then the rest."""
    return 0 if method.name == "__call__" else 1 if method.is_compact else 2 if not method.name.startswith("_") else 3


def _is_entry(method: Method) -> bool:
    if method.name.startswith("__") and method.name != "__call__":
        return False
    return not method.is_property and _NOT_WALKED.isdisjoint(method.decorators)


def _field_modules(walk: Walk) -> Iterator[Submodule]:
    """The modules that come in through fields: their class is known where the module is constructed, not here."""
    made = {name for item in walk.recorder.made for name in item.names()}
    for field in fields(walk.definition, walk.reach):
        if resolution.holds_module(walk, field) and field.name not in made:
            several = resolution.holds_several(field)
            name = f"{field.name}_{{i}}" if several else field.name
            optional = field.default == "None" or "Optional[" in field.annotation
            yield Submodule(name, field.annotation, None, field.span, optional, repeated=several, known=False)


class _Collection:
    """Gathers the tables of one walked class and of the modules below it; `inside` are the classes around it."""

    def __init__(self, walk: Walk, inside: tuple[str, ...]) -> None:
        self.walk = walk
        self.inside = inside

    def submodules(self) -> Iterator[Submodule]:
        """The direct children, by name, in the order of their creation."""
        found: dict[str, Submodule] = {}
        for made in self.walk.recorder.made:
            if made.owner is not None:
                continue
            kind = made.kind
            known = kind.definition is not None or flax_layers.layer(kind.qualified) is not None
            known = known or kind.qualified == NAME_SCOPE
            for name in made.names():
                child = Submodule(
                    name,
                    kind.spelled,
                    kind.qualified,
                    made.span,
                    made.optional or made.is_lazy,
                    made.repeated,
                    known and not kind.is_default,
                    made.shares_scope,
                )
                found[name] = _either_child(found[name], child) if name in found else child
        yield from found.values()

    def all(self) -> tuple[list[DeclaredVariable], list[RngStream]]:
        """The variables and streams of the class and of everything below it."""
        variables: dict[tuple[str, str], DeclaredVariable] = {}
        rngs: dict[str, RngStream] = {}
        for group, streams in self._groups():
            for variable in group:
                key = (variable.collection, variable.path)
                variables[key] = _either_variable(variables[key], variable) if key in variables else variable
            for stream in streams:
                before_stream = rngs.get(stream.name)
                if before_stream is None or (before_stream.initial and not stream.initial):
                    rngs[stream.name] = stream
        return list(variables.values()), list(rngs.values())

    def _groups(self) -> Iterator[tuple[Iterable[DeclaredVariable], Iterable[RngStream]]]:
        recorder = self.walk.recorder
        yield recorder.variables, recorder.rngs
        yield self._inherited()
        for made in recorder.made:
            variables, rngs = self._below(made)
            shown = [replace(item, span=made.span, optional=item.optional or not made.is_certain) for item in variables]
            for prefix in _paths(made):
                yield [replace(item, path=prefix + item.path) for item in shown], ()
            if made.names():
                yield (), [replace(stream, span=made.span) for stream in rngs]

    def _inherited(self) -> tuple[Iterable[DeclaredVariable], Iterable[RngStream]]:
        """What a layer of Flax declares from which the class derives."""
        walk = self.walk
        own_call = methods(walk.definition, walk.reach).get("__call__")
        if own_call is not None and not walk.inherits_call:
            return (), ()
        for ancestor in mro(walk.definition, walk.reach):
            base = flax_layers.layer(ancestor.qualified) if ancestor.definition is None else None
            if base is not None and ancestor.qualified != flax_names.MODULE:
                names = layers.parameter_names(ancestor.qualified)
                own = {name: Text(nodes.Attribute(nodes.Name("self"), name)) for name in names}
                values = walk.bindings if walk.nested else own
                return layers.layer_declarations(base, values, walk.definition.module.span(walk.definition.node))
        return (), ()

    def _below(self, made: Made) -> tuple[Iterable[DeclaredVariable], Iterable[RngStream]]:
        """What a module that is made declares, below its own path."""
        kind = made.kind
        if not made.names():
            return (), ()
        known = flax_layers.layer(kind.qualified)
        values = calls.field_values(self.walk, kind, made.arguments)
        if known is not None and (kind.definition is None or flax_names.is_module_class(kind.qualified or "")):
            variables, rngs = layers.layer_declarations(known, values, made.span)
            return _stacked(variables, kind.stacked), rngs
        if kind.definition is None or kind.definition.key in self.inside or len(self.inside) > _DEEPEST:
            return (), ()
        values = {**_unbound(self.walk, kind), **values}
        key = (kind.definition.key, _fingerprint(values))
        tables = self.walk.shared.tables
        if key not in tables:
            walk = _walked(Walk(kind.definition, self.walk.reach, self.walk.shared, values, nested=True))
            found, streams = _Collection(walk, (*self.inside, kind.definition.key)).all()
            tables[key] = (tuple(found), tuple(streams))
        variables_below, rngs_below = tables[key]
        return _stacked(variables_below, kind.stacked), rngs_below


def _either_child(one: Submodule, other: Submodule) -> Submodule:
    """Two modules of one name, of which a condition or a running number says which is meant."""
    kinds = dict.fromkeys((*one.kind.split(" | "), *other.kind.split(" | ")))
    return replace(
        one,
        kind=" | ".join(kinds),
        qualified=one.qualified if one.qualified == other.qualified else None,
        optional=one.optional and other.optional,
        repeated=one.repeated or other.repeated,
        known=one.known and other.known,
    )


def _either_variable(one: DeclaredVariable, other: DeclaredVariable) -> DeclaredVariable:
    """Two variables of one path: what they do not share is one or the other."""
    return replace(
        one,
        shape=_either(one.shape, other.shape),
        dtype=_either(one.dtype, other.dtype),
        initializer=_either(one.initializer, other.initializer),
        optional=one.optional and other.optional,
    )


def _either(one: str | None, other: str | None) -> str | None:
    """`(3,) | (4,)` for what may be either; None where one of them is not known, or where there are too many."""
    if one is None or other is None:
        return None
    options = dict.fromkeys((*one.split(_OR), *other.split(_OR)))
    return _OR.join(options) if len(options) <= _MOST_OPTIONS else None


def _unbound(walk: Walk, kind: ModuleClass) -> dict[str, Value]:
    """Fields that a construction leaves open: they are shown with their class, for `self` is another module outside."""
    assert kind.definition is not None
    shown = nodes.Name(kind.definition.name)
    return {field.name: Text(nodes.Attribute(shown, field.name)) for field in fields(kind.definition, walk.reach)}


def _fingerprint(values: Mapping[str, Value]) -> str:
    return repr(sorted((name, _identity(value)) for name, value in values.items()))


def _identity(value: Value) -> str:
    if isinstance(value, Text):
        return show(value.expression)
    if isinstance(value, FunctionValue):
        return value.key
    return repr(value)


def _paths(made: Made) -> tuple[str, ...]:
    """The prefixes of what a module declares: its name, below its owner's; no name where it shares that one's scope."""
    above = ("",) if made.owner is None else _paths(made.owner)
    own = ("",) if made.shares_scope else tuple(f"{name}/" for name in made.names())
    return tuple(before + name for before in above for name in own)


def _stacked(variables: Iterable[DeclaredVariable], axes: Iterable[StackedAxis]) -> list[DeclaredVariable]:
    """The variables with the axes that lifted transforms add."""
    result = list(variables)
    for axis in reversed(list(axes)):
        result = [
            replace(item, shape=_with_axis(item.shape, axis)) if axis.collection in ("", item.collection) else item
            for item in result
        ]
    return result


def _with_axis(shape: str | None, axis: StackedAxis) -> str | None:
    if shape is None or axis.axis is None:
        return None
    if _OR in shape:
        options = [_with_axis(option, axis) for option in shape.split(_OR)]
        return None if None in options else _OR.join(option for option in options if option is not None)
    expression = parse_expression(shape)
    if isinstance(expression, nodes.TupleDisplay):
        place = axis.axis if axis.axis >= 0 else len(expression.elements) + 1 + axis.axis
        before, after = expression.elements[:place], expression.elements[place:]
        return show(nodes.TupleDisplay((*before, axis.size, *after)))
    return show(nodes.TupleDisplay((axis.size, nodes.Starred(expression)))) if axis.axis == 0 else None
