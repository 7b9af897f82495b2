"""Calls, as the walk meets them: constructions of modules, Flax's own functions and methods, helpers, all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from jvpgen.ir import nodes
from jvpgen.ir.declarations import counting, layers, resolution, variables
from jvpgen.ir.declarations.containers import any_item
from jvpgen.ir.declarations.flow import joined, some_of
from jvpgen.ir.declarations.text import constant, name_pattern
from jvpgen.ir.declarations.values import (
    UNKNOWN,
    Choice,
    External,
    Frame,
    FunctionValue,
    Made,
    ModuleClass,
    Repeated,
    Self,
    Sequence,
    StackedAxis,
    Super,
    Table,
    Text,
    Value,
    choice,
)
from jvpgen.ir.scoping import dotted
from jvpgen.source import flax_names
from jvpgen.source.classes import fields
from jvpgen.source.search import NEVER_FOLLOWED

if TYPE_CHECKING:
    from jvpgen.ir.declarations.walk import Walk

Arguments = list[tuple[str | None, Value]]

# The option that says how long the new axis of a lifted transform is.
_SIZES = {
    "flax.linen.transforms.scan": "length",
    "flax.linen.transforms.vmap": "axis_size",
    "flax.linen.partitioning.scan_with_axes": "length",
    "flax.linen.partitioning.vmap_with_axes": "axis_size",
}

# Functions that give back a function of the same arguments as their first one.
_WRAPPERS = frozenset(flax_names.CLASS_TRANSFORMS) | {
    "flax.linen.transforms.custom_vjp",
    "flax.linen.module.compact",
    "flax.linen.module.nowrap",
    "jax.jit",
    "jax.vmap",
    "jax.checkpoint",
    "jax.remat",
    "jax.ad_checkpoint.checkpoint",
    "jax.named_call",
    "jax.grad",
    "jax.value_and_grad",
    "functools.wraps",
}
# Methods of a module that leave its own variables alone.
_DETACHED = frozenset({"apply", "bind", "clone", "copy", "init", "init_with_output", "lazy_init", "tabulate", "unbind"})
_REORDERING = frozenset({"insert", "pop", "remove", "clear", "reverse", "sort"})
_COPIES = frozenset({"builtins.list", "builtins.tuple", "builtins.reversed", "builtins.sorted", "builtins.iter"})


def call(walk: Walk, node: nodes.Call, frame: Frame) -> Value:
    """What a call gives; what it makes and declares is recorded."""
    function = node.function
    if isinstance(function, nodes.Name) and function.id == "super" and "super" not in frame.locals:
        return Super(frame.owner) if frame.owner is not None else UNKNOWN
    receiver = _receiver(walk, function, frame)
    if isinstance(receiver, Choice) and all(isinstance(option, Sequence | Table) for option in receiver.options):
        receiver = reduce(joined, receiver.options)
    if isinstance(receiver, Sequence | Table):
        return _container_method(walk, receiver, node, frame)
    callee = walk.evaluate(function, frame)
    if isinstance(callee, Text) and isinstance(function, nodes.Call):
        callee = _unknown_class(walk, callee, function, frame)
    arguments = _arguments(walk, node, frame)
    for value in (callee, *(value for _, value in arguments)):
        walk.recorder.use(value)
    if receiver is not None and isinstance(function, nodes.Attribute) and function.attribute not in _DETACHED:
        walk.recorder.use(receiver)
    if isinstance(receiver, Self | Super) and isinstance(callee, Text) and isinstance(function, nodes.Attribute):
        return _own_api(walk, function.attribute, receiver, arguments, node, frame)
    return apply(walk, callee, arguments, node, frame)


def _receiver(walk: Walk, function: nodes.Expression, frame: Frame) -> Value | None:
    """The module or known container whose method is called."""
    if not isinstance(function, nodes.Attribute):
        return None
    base = function.value
    if isinstance(base, nodes.Attribute) and base.attribute == "scope":
        base = base.value
    if isinstance(base, nodes.Name):
        return frame.locals.get(base.id)
    if isinstance(base, nodes.Attribute) and isinstance(base.value, nodes.Name):
        value = walk.evaluate(base, frame)
        return value if isinstance(value, Sequence | Table | Made) else None
    if isinstance(base, nodes.Call) and dotted(base.function) == "super":
        return Super(frame.owner) if frame.owner is not None else None
    return None


def _arguments(walk: Walk, node: nodes.Call, frame: Frame) -> Arguments:
    """The arguments' values, known `*` and `**` ones taken apart."""
    found: Arguments = []
    for argument in node.arguments:
        value = walk.evaluate(argument.value, frame)
        if argument.star == "*" and isinstance(value, Sequence):
            found += [(None, item) for item in value.items]
        elif argument.star == "**" and isinstance(value, Table):
            for key, item in value.items:
                known, name = constant(key)
                found.append((str(name) if known else "**", item))
        else:
            found.append((argument.keyword or argument.star or None, value))
    return found


def apply(walk: Walk, callee: Value, arguments: Arguments, node: nodes.Call, frame: Frame) -> Value:
    """What calling `callee` gives."""
    match callee:
        case ModuleClass():
            return _make(walk, callee, [*callee.bound, *arguments], node)
        case FunctionValue():
            return walk.call_function(callee, arguments)
        case Choice(options=options):
            return _one_of(walk, options, arguments, node, frame)
        case External(qualified=qualified, bound=bound):
            passed = sorted([*bound, *arguments], key=lambda argument: argument[0] is not None)  # positional ones first
            return _external(walk, qualified, passed, node, frame)
        case Made():
            return UNKNOWN
    name = dotted(node.function)
    meanings = set()
    if name is not None and name.partition(".")[0] not in frame.locals:
        meanings = {walk.reach.resolve(found, frame.module) for found in frame.names.alternatives(name)}
    return _external(walk, meanings.pop() if len(meanings) == 1 else "", arguments, node, frame)


def _one_of(walk: Walk, options: Items[Value], arguments: Arguments, node: nodes.Call, frame: Frame) -> Value:
    """What calling one of several values gives."""
    recorder, before, after = walk.recorder, walk.recorder.counters, None
    results = []
    with recorder.condition(any(not isinstance(option, Made) for option in options)):
        for option in options:
            recorder.counters = before
            results.append(apply(walk, option, arguments, node, frame))
            after = recorder.counters if after is None else after.merged(recorder.counters)
    recorder.counters = after or before
    return choice(*results)


# --- Modules ----------------------------------------------------------------------------------------------------------


def _make(walk: Walk, kind: ModuleClass, arguments: Arguments, node: nodes.Call) -> Made:
    named = {keyword: value for keyword, value in arguments if keyword is not None}
    name = _given_name(named.get("name"))
    parent = named.get("parent")
    orphan = isinstance(parent, Text) and constant(parent.expression) == (True, None)
    return walk.recorder.make(kind, arguments, node.span, name, orphan=orphan)


def _given_name(value: Value | None) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Text):
        return "{name}"
    if constant(value.expression) == (True, None):
        return None
    return name_pattern(value.expression)


def _unknown_class(walk: Walk, callee: Value, node: nodes.Call, frame: Frame) -> Value:
    """`Layer(...)(x)` with a capitalized `Layer` of another package: most likely a module, and no more is known."""
    made = unknown_module(walk, node.function, frame)
    return callee if made is None else _make(walk, made, _arguments(walk, node, frame), node)


def unknown_module(walk: Walk, function: nodes.Expression, frame: Frame) -> ModuleClass | None:
    """The class of another package that `function` names, if it is capitalized like one."""
    name = dotted(function)
    if name is None or not name.rpartition(".")[2][:1].isupper() or name.partition(".")[0] in frame.locals:
        return None
    qualified = frame.names.qualified(name)
    if qualified is None or qualified.partition(".")[0] in NEVER_FOLLOWED or qualified.startswith("builtins."):
        return None
    if (
        qualified.startswith(("flax.core.", "flax.struct."))
        or walk.reach.definition(qualified, frame.module) is not None
    ):
        return None
    return ModuleClass(name.rpartition(".")[2], name, qualified)


def field_values(walk: Walk, kind: ModuleClass, arguments: Items[tuple[str | None, Value]]) -> dict[str, Value]:
    """The values that a construction gives to the fields of a class; what it leaves out has its default."""
    if kind.definition is not None:
        known = fields(kind.definition, walk.reach)
        order = [field.name for field in known if field.in_init and not field.keyword_only]
    else:
        known = ()
        order = layers.parameter_names(kind.qualified)
    values: dict[str, Value] = {}
    position = 0
    for keyword, value in arguments:
        if keyword is None and position < len(order):
            values[order[position]] = value
            position += 1
        elif keyword not in (None, "*", "**", "name", "parent"):
            assert keyword is not None
            values[keyword] = value
    may_hold = (
        resolution.settable if any(keyword in ("*", "**") for keyword, _ in arguments) else resolution.default_value
    )
    for field in known:
        if field.name not in values and (default := may_hold(walk, field)) is not None:
            values[field.name] = default
    return values


def module_fields(walk: Walk, value: Value) -> dict[int, Mapping[str, Value]]:
    """For each module in `value`, and in its fields, the fields that hold modules: what it adopts in setup."""
    found: dict[int, Mapping[str, Value]] = {}

    def visit(item: Value) -> bool:
        if isinstance(item, Made):
            if id(item) not in found:
                found[id(item)] = {}
                inner = field_values(walk, item.kind, item.arguments)
                found[id(item)] = {name: held for name, held in inner.items() if visit(held)}
            return True
        if isinstance(item, Repeated):
            return visit(item.item)
        parts: Items[Value] = ()
        if isinstance(item, Sequence):
            parts = item.items
        elif isinstance(item, Table):
            parts = [held for _, held in item.items]
        elif isinstance(item, Choice):
            parts = item.options
        held = [visit(part) for part in parts]  # all of them, for what the visits find
        return any(held)

    visit(value)
    return found


# --- Flax and the rest ------------------------------------------------------------------------------------------------


def _own_api(walk: Walk, name: str, receiver: Value, arguments: Arguments, node: nodes.Call, frame: Frame) -> Value:
    """A call of a method that the class has from Flax: `self.param(…)`, `super().__call__(…)`."""
    if isinstance(receiver, Super):
        if name == "__call__":
            walk.inherits_call = True
        return UNKNOWN
    if not variables.declared(walk, name, arguments, node, frame):
        _walk_functions(walk, arguments)
    return walk.text(node, frame)


def _external(walk: Walk, qualified: str, arguments: Arguments, node: nodes.Call, frame: Frame) -> Value:
    """A call of a function that is not followed."""
    first = arguments[0][1] if arguments and arguments[0][0] is None else None
    rest = arguments[1:]
    if qualified == "functools.partial" and first is not None:
        return _partial(walk, first, rest, node, frame)
    if qualified in _WRAPPERS and first is not None:
        return _wrapped(qualified, first, rest)
    if qualified in _COPIES and isinstance(first, Sequence):
        return first
    if qualified == "builtins.dict":
        return _dict(first, arguments)
    if qualified == "builtins.enumerate" and isinstance(first, Sequence) and not _open(first):
        pairs = [Sequence((Text(nodes.Constant(str(index))), item)) for index, item in enumerate(first.items)]
        return Sequence(tuple(pairs))
    if qualified == "builtins.zip" and arguments and all(isinstance(item, Sequence) for _, item in arguments):
        columns = [item for _, item in arguments if isinstance(item, Sequence)]
        if not any(_open(column) for column in columns):
            return Sequence(tuple(Sequence(row) for row in zip(*(column.items for column in columns), strict=False)))
    if qualified in ("builtins.setattr", "builtins.getattr") and isinstance(first, Self) and rest:
        return _attribute_by_name(walk, qualified, rest)
    if qualified == "flax.linen.module.share_scope" and rest and isinstance(rest[0][1], Made):
        rest[0][1].shares_scope = True
        return UNKNOWN
    if variables.declared_by_function(walk, qualified, arguments, node, frame):
        return walk.text(node, frame)
    condition = qualified in (
        "flax.linen.transforms.cond",
        "flax.linen.transforms.switch",
        "jax.lax.cond",
        "jax.lax.switch",
    )
    if condition:
        _walk_branches(walk, arguments)
    elif qualified.startswith(("flax.", "jax.")) and not qualified.startswith("jax.tree"):
        _walk_functions(walk, arguments)
    elif any(isinstance(value, FunctionValue) for _, value in arguments):
        with walk.recorder.loop(counting.endless(walk, node)):
            _walk_functions(walk, arguments)
    return walk.text(node, frame)


def _walk_branches(walk: Walk, arguments: Arguments) -> None:
    """Walks the functions of which a call runs one."""
    recorder, before = walk.recorder, walk.recorder.counters
    after = before
    flat = [item for _, value in arguments for item in (value.items if isinstance(value, Sequence) else (value,))]
    rest: Arguments = [(None, Self())] if any(isinstance(value, Self) for value in flat) else []
    with recorder.condition():
        for position, function in enumerate(item for item in flat if isinstance(item, FunctionValue)):
            recorder.counters = before
            walk.call_function(function, rest)
            after = after.merged(recorder.counters) if position else recorder.counters
    recorder.counters = after


def _partial(walk: Walk, function: Value, arguments: Arguments, node: nodes.Call, frame: Frame) -> Value:
    match function:
        case ModuleClass(bound=bound) | FunctionValue(bound=bound):
            return replace(function, bound=(*bound, *arguments))
        case External(qualified=qualified, bound=bound):
            return External(qualified, (*bound, *arguments))
        case Choice(options=options):
            return choice(*(_partial(walk, option, arguments, node, frame) for option in options))
    name = dotted(node.arguments[0].value) if node.arguments else None
    if name is not None and name.partition(".")[0] not in frame.locals:
        meanings = frame.names.alternatives(name)
        if len(meanings) == 1:
            return External(walk.reach.resolve(meanings[0], frame.module), tuple(arguments))
    return walk.text(node, frame)


def _wrapped(qualified: str, function: Value, arguments: Arguments) -> Value:
    """What a transform makes of a class or a function."""
    if isinstance(function, Choice):
        return choice(*(_wrapped(qualified, option, arguments) for option in function.options))
    if isinstance(function, ModuleClass):
        prefix = flax_names.CLASS_TRANSFORMS.get(qualified, "")
        stacked = tuple(_stacked_axes(qualified, arguments))
        return replace(function, name=prefix + function.name, stacked=(*stacked, *function.stacked))
    return function if isinstance(function, FunctionValue) else UNKNOWN


def _stacked_axes(qualified: str, arguments: Arguments) -> Iterable[StackedAxis]:
    """The new axes that `nn.scan` and `nn.vmap` give to variables."""
    word = _SIZES.get(qualified)
    options = dict(reversed(arguments))  # by None, the first positional one
    axes = options.get("variable_axes", options.get(None))
    if qualified == "flax.linen.transforms.remat_scan":
        lengths = options.get("lengths", options.get(None))
        for length in lengths.items if isinstance(lengths, Sequence) else ():
            yield StackedAxis("", 0, length.expression if isinstance(length, Text) else nodes.Name("length"))
    if word is None or not isinstance(axes, Table):
        return
    given = options.get(word)
    size = given.expression if isinstance(given, Text) and not constant(given.expression)[0] else None
    if isinstance(given, Text) and constant(given.expression)[1] is not None:
        size = given.expression
    for key, value in axes.items:
        known, collection = constant(key)
        axis_known, axis = constant(value.expression) if isinstance(value, Text) else (False, None)
        if axis_known and axis is None:
            continue
        number = axis if axis_known and isinstance(axis, int) else None
        yield StackedAxis(str(collection) if known and collection is not True else "", number, size or nodes.Name(word))


def _attribute_by_name(walk: Walk, qualified: str, arguments: Arguments) -> Value:
    """`setattr(self, name, value)` and `getattr(self, name)`."""
    name = arguments[0][1]
    pattern = name_pattern(name.expression) if isinstance(name, Text) else "{name}"
    if qualified == "builtins.setattr" and len(arguments) > 1:
        walk.set_attribute(pattern, arguments[1][1])
        return UNKNOWN
    if pattern in walk.recorder.attributes:
        return walk.recorder.attributes[pattern]
    family = [value for key, value in walk.recorder.attributes.items() if "{" in key and "{" in pattern]
    return choice(*family) if family else UNKNOWN


def _container_method(walk: Walk, container: Sequence | Table, node: nodes.Call, frame: Frame) -> Value:
    assert isinstance(node.function, nodes.Attribute)
    base, method = node.function.value, node.function.attribute
    arguments = _arguments(walk, node, frame)
    if isinstance(container, Sequence):
        first = arguments[0][1] if arguments else UNKNOWN
        if method == "append" and arguments:
            walk.grow(base, container, [first], frame)
        elif method == "extend" and isinstance(first, Sequence):
            walk.grow(base, container, first.items, frame)
        elif method in _REORDERING:
            added = [value for _, value in arguments] if method == "insert" else []
            walk.replace(base, Sequence(some_of((*container.items, *added[1:])), container.loops), frame)
        return any_item(container) if method == "pop" else UNKNOWN
    if method in ("items", "values", "keys"):
        rows = [Sequence((Text(key) if key is not None else UNKNOWN, value)) for key, value in container.items]
        return Sequence(tuple(row if method == "items" else row.items[method == "values"] for row in rows))
    if method == "update":
        extra = _dict(arguments[0][1] if arguments and arguments[0][0] is None else None, arguments)
        walk.replace(base, Table((*container.items, *(extra.items if isinstance(extra, Table) else ()))), frame)
    return UNKNOWN


def _dict(first: Value | None, arguments: Arguments) -> Value:
    start = first.items if isinstance(first, Table) else ()
    named = tuple((nodes.Constant(repr(key)), value) for key, value in arguments if key not in (None, "*", "**"))
    return Table((*start, *named))


def _walk_functions(walk: Walk, arguments: Arguments) -> None:
    """Walks the functions that are passed to a call which is not followed, as if it called each once."""
    with_self: Arguments = [(None, Self())] if any(isinstance(value, Self) for _, value in arguments) else []
    for _, value in arguments:
        for item in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(item, FunctionValue):
                walk.call_function(item, with_self)


def _open(value: Sequence) -> bool:
    return any(isinstance(item, Repeated) for item in value.items)
