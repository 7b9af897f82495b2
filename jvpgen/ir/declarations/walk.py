"""The walk over a class's methods, in Python's order of evaluation: IR enters, a filled Recorder leaves.

Each expression has a `Value`; creating a module, declaring a variable and drawing a key are recorded as they are met. Both
branches of a condition are walked unless it is known which is taken; a loop's body is walked once, or once an item where
the items are known. Methods and helper functions are walked where they are called, so that a helper that receives
the module declares into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence as Items
from pathlib import Path
from typing import Literal

import libcst as cst

from jvpgen.ir import nodes
from jvpgen.ir.declarations import calls, resolution
from jvpgen.ir.declarations.record import DeclaredVariable, RngStream
from jvpgen.ir.declarations.recorder import Recorder
from jvpgen.ir.declarations.text import constant, size, substituted
from jvpgen.ir.declarations.values import (
    UNKNOWN,
    Choice,
    Frame,
    FunctionValue,
    Made,
    ModuleClass,
    Repeated,
    Self,
    Sequence,
    Super,
    Table,
    Text,
    Value,
    choice,
)
from jvpgen.ir.lower import lower_function
from jvpgen.ir.scoping import dotted, target_names
from jvpgen.ir.show import show
from jvpgen.source.classes import Method, find_method
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

# How a block ends: it goes on, it may have been left, it has been left by return or jump, it has raised.
Ending = Literal["on", "maybe", "left", "raised"]

_SHORT = 12  # nodes of a local's expression that may stand for the local
_SHAPE_FUNCTIONS = frozenset({"len", "tuple", "int", "max", "min", "list", "sum"})
_DEEPEST = 12
_MOST_CALLS = 4000
_UNROLLED = 16

Tables = tuple[tuple[DeclaredVariable, ...], tuple[RngStream, ...]]


class Shared:
    """What the analyses of several classes share: functions lowered, and tables of classes with given fields."""

    def __init__(self) -> None:
        self.lowered: dict[cst.FunctionDef, nodes.Function] = {}
        self.tables: dict[tuple[str, str], Tables] = {}

    def function(self, node: cst.FunctionDef, module: SourceModule) -> nodes.Function:
        if node not in self.lowered:
            self.lowered[node] = lower_function(node, module.span)
        return self.lowered[node]


class Walk:
    """One class under analysis; `bindings` are the field values that its construction gave, as seen from outside.

    `nested` says that the tables are about a class around this one: then attributes are shown by their values.
    """

    def __init__(
        self, definition: Definition, reach: Reach, shared: Shared, bindings: Mapping[str, Value], nested: bool
    ) -> None:
        self.definition = definition
        self.reach = reach
        self.shared = shared
        self.bindings = bindings
        self.nested = nested
        self.recorder = Recorder()
        self.active: list[str] = []  # functions being walked, outermost first
        self.walked: set[str] = set()
        self.inert: set[str] = set()
        self.calls = 0
        self.returns: list[list[Value]] = []
        self.globals: dict[tuple[Path, int, str], Value] = {}
        self.inherits_call = False  # whether super().__call__ of a class of Flax's own is called

    # --- Functions ----------------------------------------------------------------------------------------------------

    def method(self, method: Method, arguments: Items[tuple[str | None, Value]] = (), *, own: bool = False) -> Value:
        """Walks a method of the class, as called with `arguments`."""
        value = self.method_value(method)
        return self.call_function(value, arguments, own=own)

    def method_value(self, method: Method) -> FunctionValue:
        module = method.owner.module
        function = self.shared.function(method.node, module)
        frame = Frame(module, self.reach.names_at(method.owner), {}, method.owner)
        receiver = None if method.is_static else Self()
        return FunctionValue(function, frame, f"{method.owner.key}.{method.name}", receiver)

    def call_function(
        self, value: FunctionValue, arguments: Items[tuple[str | None, Value]], *, own: bool = False
    ) -> Value:
        """Walks a function's body with its parameters bound; what it returns."""
        self.calls += 1
        plain = all(isinstance(item, Text) for _, item in (*value.bound, *arguments)) and value.receiver is None
        if value.key in self.active or len(self.active) > _DEEPEST or self.calls > _MOST_CALLS:
            return UNKNOWN
        if plain and value.key in self.inert:
            return UNKNOWN
        before = self.recorder.events
        self.active.append(value.key)
        self.walked.add(value.key)
        try:
            return self._call(value, arguments, own)
        finally:
            self.active.pop()
            if plain and self.recorder.events == before:
                self.inert.add(value.key)

    def _call(self, value: FunctionValue, arguments: Items[tuple[str | None, Value]], own: bool) -> Value:
        function = value.function
        positional: list[tuple[str | None, Value]] = [] if value.receiver is None else [(None, value.receiver)]
        local = dict(value.frame.locals)
        local |= self._parameters(function.parameters, [*positional, *value.bound, *arguments], value.frame)
        names = value.frame.names
        frame = Frame(value.frame.module, names, local, value.frame.owner, own)
        if isinstance(function, nodes.Lambda):
            return self.evaluate(function.body, frame)
        self.returns.append([])
        self.block(function.body, frame)
        returned = self.returns.pop()
        return choice(*returned) if returned else Text(nodes.Constant("None"))

    def _parameters(
        self, parameters: nodes.Parameters, arguments: Items[tuple[str | None, Value]], frame: Frame
    ) -> dict[str, Value]:
        """The parameters' values: what is passed, else the default, else the parameter's own name."""
        positional = [value for keyword, value in arguments if keyword is None]
        named = {keyword: value for keyword, value in arguments if keyword not in (None, "*", "**")}
        starred = any(keyword in ("*", "**") for keyword, _ in arguments)
        bound: dict[str, Value] = {}
        for parameter in parameters:
            if parameter.kind == "star":
                bound[parameter.name] = Text(nodes.Name(parameter.name)) if starred else Sequence(tuple(positional))
                positional = []
            elif parameter.kind == "double-star":
                extra = tuple((nodes.Constant(repr(key)), value) for key, value in named.items() if key is not None)
                bound[parameter.name] = Text(nodes.Name(parameter.name)) if starred else Table(extra)
            elif positional and parameter.kind in ("positional-only", "positional"):
                bound[parameter.name] = positional.pop(0)
            elif parameter.name in named:
                bound[parameter.name] = named.pop(parameter.name)
            elif parameter.default is not None and arguments and not starred:
                bound[parameter.name] = self.evaluate(parameter.default, frame)
            else:
                bound[parameter.name] = Text(nodes.Name(parameter.name))
        return bound

    # --- Statements ---------------------------------------------------------------------------------------------------

    def block(self, statements: Iterable[nodes.Statement], frame: Frame) -> Ending:
        ending: Ending = "on"
        for statement in statements:
            with self.recorder.condition(ending == "maybe"):
                result = self.statement(statement, frame)
            if result in ("left", "raised"):
                return result
            ending = "maybe" if "maybe" in (ending, result) else "on"
        return ending

    def statement(self, node: nodes.Statement, frame: Frame) -> Ending:
        match node:
            case nodes.Assign(targets=targets, value=value):
                if value is not None:
                    result = self.evaluate(value, frame)
                    for target in targets:
                        self.assign(target, result, frame)
            case nodes.AugmentedAssign(target=target, value=value):
                self._augment(target, self.evaluate(value, frame), frame)
            case nodes.ExpressionStatement(value=value):
                self.evaluate(value, frame)
            case nodes.Return(value=value):
                self.returns[-1].append(Text(nodes.Constant("None")) if value is None else self.evaluate(value, frame))
                return "left"
            case nodes.Raise():
                return "raised"
            case nodes.Break() | nodes.Continue():
                return "left"
            case nodes.If():
                return self._if(node, frame)
            case nodes.For():
                return self._for(node, frame)
            case nodes.While(test=test, body=body, orelse=orelse):
                self.evaluate(test, frame)
                with self.recorder.loop("i", "n"):
                    ending = self.block(body, frame)
                self.block(orelse, frame)
                return _after_loop(ending, body)
            case nodes.With(items=items, body=body):
                for item in items:
                    context = self.evaluate(item.context, frame)
                    if item.target is not None:
                        self.assign(item.target, context, frame)
                return self.block(body, frame)
            case nodes.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                ending = self.block(body, frame)
                for handler in handlers:
                    with self.recorder.condition():
                        self.block(handler.body, frame)
                self.block(orelse, frame)
                self.block(finalbody, frame)
                return "maybe" if ending == "left" and handlers else ending
            case nodes.Function(name=name):
                key = f"{frame.module.path}:{node.span.line if node.span else name}"
                frame.locals[name] = FunctionValue(node, frame, key)
            case nodes.Assert(test=test):
                self.evaluate(test, frame)
        return "on"

    def _if(self, node: nodes.If, frame: Frame) -> Ending:
        test = self.evaluate(node.test, frame)
        known, value = self.truth(test)
        if known:
            return self.block(node.body if value else node.orelse, frame)
        recorder, before, counters = self.recorder, dict(frame.locals), self.recorder.counters
        with recorder.condition():
            first = self.block(node.body, frame)
        after, first_counters = dict(frame.locals), recorder.counters
        frame.locals.clear()
        frame.locals.update(before)
        recorder.counters = counters
        with recorder.condition():
            second = self.block(node.orelse, frame)
        if first in ("raised", "left"):
            pass  # only the second branch goes on
        elif second in ("raised", "left"):
            frame.locals.clear()
            frame.locals.update(after)
            recorder.counters = first_counters
        else:
            recorder.counters = first_counters.merged(recorder.counters)
            for name, one in after.items():
                frame.locals[name] = choice(one, frame.locals[name]) if name in frame.locals else one
        endings = {first, second} - {"raised"}
        if not endings:
            return "raised"
        if endings == {"left"}:
            return "left"
        return "maybe" if endings & {"left", "maybe"} else "on"

    def _for(self, node: nodes.For, frame: Frame) -> Ending:
        iterable = self.evaluate(node.iterable, frame)
        items = known_items(iterable)
        if items is not None and len(items) <= _UNROLLED:
            ending: Ending = "on"
            for item in items:
                self.assign(node.target, item, frame)
                ending = self.block(node.body, frame)
        else:
            with self.recorder.loop(index_name(node.target, node.iterable), self.count(node.iterable, frame)):
                self._bind_item(node.target, node.iterable, iterable, frame)
                ending = self.block(node.body, frame)
        self.block(node.orelse, frame)
        return _after_loop(ending, node.body)

    def _bind_item(
        self, target: nodes.Expression, iterable: nodes.Expression, value: Value, frame: Frame
    ) -> None:
        """Binds a loop's target to what any of the items may be."""
        if isinstance(target, nodes.TupleDisplay) and isinstance(iterable, nodes.Call):
            function = dotted(iterable.function)
            parts = [argument.value for argument in iterable.arguments]
            if function == "enumerate" and len(target.elements) == 2 and parts:
                self.assign(target.elements[0], UNKNOWN, frame)
                self._bind_item(target.elements[1], parts[0], self.evaluate(parts[0], frame), frame)
                return
            if function == "zip" and len(target.elements) == len(parts):
                for element, part in zip(target.elements, parts, strict=True):
                    self._bind_item(element, part, self.evaluate(part, frame), frame)
                return
        self.assign(target, any_item(value), frame)

    def assign(self, target: nodes.Expression, value: Value, frame: Frame) -> None:
        match target:
            case nodes.Name(id=name):
                frame.locals[name] = named(value, name)
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                parts = known_items(value)
                if parts is not None and len(parts) == len(elements):
                    for element, part in zip(elements, parts, strict=True):
                        self.assign(element, part, frame)
                else:
                    for name in target_names(target):
                        frame.locals[name] = Text(nodes.Name(name))
            case nodes.Attribute(value=base, attribute=attribute):
                if isinstance(self.evaluate(base, frame), Self):
                    self.set_attribute(attribute, value)
            case nodes.Subscript(value=base, index=index):
                self._store_item(base, self.evaluate(index, frame), value, frame)

    def set_attribute(self, name: str, value: Value) -> None:
        recorder = self.recorder
        if recorder.optional and name in recorder.attributes:
            value = choice(recorder.attributes[name], value)
        recorder.attributes[name] = value
        if recorder.in_setup:
            recorder.adopt(value, name, calls.module_fields(self, value))

    def _store_item(self, base: nodes.Expression, index: Value, value: Value, frame: Frame) -> None:
        container = self.evaluate(base, frame)
        if isinstance(container, Table):
            key = index.expression if isinstance(index, Text) else None
            self.replace(base, Table((*container.items, (key, value))), frame)

    def _augment(self, target: nodes.Expression, value: Value, frame: Frame) -> None:
        old = self.evaluate(target, frame)
        if isinstance(old, Sequence) and isinstance(value, Sequence):
            self.grow(target, old, value.items, frame)
        else:
            for name in target_names(target):
                frame.locals[name] = Text(nodes.Name(name))

    def replace(self, place: nodes.Expression, value: Value, frame: Frame) -> None:
        """Puts a container that has grown back to where it is known from."""
        if isinstance(place, nodes.Name):
            frame.locals[place.id] = value
        elif isinstance(place, nodes.Attribute) and isinstance(self.evaluate(place.value, frame), Self):
            self.recorder.attributes[place.attribute] = value

    def grow(self, place: nodes.Expression, container: Sequence, items: Iterable[Value], frame: Frame) -> None:
        """Appends to a list; in a loop that stands for several rounds, as often as it has rounds."""
        rounds = self.recorder.rounds_since(container.depth)
        added = [item if rounds is None else Repeated(item, *rounds) for item in items]
        self.replace(place, Sequence((*container.items, *added), container.depth), frame)

    # --- Expressions --------------------------------------------------------------------------------------------------

    def evaluate(self, node: nodes.Expression, frame: Frame) -> Value:
        match node:
            case nodes.Name(id=name):
                return frame.locals[name] if name in frame.locals else resolution.value_of(self, node, frame)
            case nodes.Attribute():
                return self._attribute(node, frame)
            case nodes.Call():
                return calls.call(self, node, frame)
            case nodes.Lambda():
                return FunctionValue(node, frame, f"lambda:{node.span}")
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                return Sequence(tuple(self._elements(elements, frame)), self.recorder.depth)
            case nodes.DictDisplay(items=items):
                return self._dict(items, frame)
            case nodes.Comprehension():
                return self._comprehension(node, frame)
            case nodes.Conditional(test=test, body=body, orelse=orelse):
                known, value = self.truth(self.evaluate(test, frame))
                if known:
                    return self.evaluate(body if value else orelse, frame)
                with self.recorder.condition():
                    return self._branches([body, orelse], node, frame)
            case nodes.Boolean(values=values):
                return self._boolean(node, values, frame)
            case nodes.Subscript(value=value, index=index):
                return self._subscript(node, self.evaluate(value, frame), self.evaluate(index, frame), frame)
            case nodes.NamedExpression(target=target, value=value):
                result = self.evaluate(value, frame)
                self.assign(target, result, frame)
                return result
            case nodes.Binary(left=left, operator="+", right=right):
                one, other = self.evaluate(left, frame), self.evaluate(right, frame)
                if isinstance(one, Sequence) and isinstance(other, Sequence):
                    return Sequence((*one.items, *other.items))
                return self.text(node, frame)
            case nodes.Comparison(left=left, operators=("is" | "is not" as operator,), rights=(nodes.Constant("None"),)):
                if not isinstance(self.evaluate(left, frame), Text | Choice):
                    return Text(nodes.Constant(repr(operator == "is not")))
                return self.text(node, frame)
            case nodes.Slice() | nodes.Constant():
                return Text(node)
        for child in nodes.children(node):
            self._evaluate_any(child, frame)
        return self.text(node, frame)

    def _evaluate_any(self, node: nodes.Node, frame: Frame) -> None:
        if isinstance(node, nodes.Argument | nodes.Starred):
            self.evaluate(node.value, frame)
        elif not isinstance(node, nodes.Parameters | nodes.Clause | nodes.StatementNode):
            self.evaluate(node, frame)  # type: ignore[arg-type]

    def _elements(self, elements: Iterable[nodes.Expression], frame: Frame) -> Iterable[Value]:
        for element in elements:
            if isinstance(element, nodes.Starred):
                value = self.evaluate(element.value, frame)
                if isinstance(value, Sequence):
                    yield from value.items
                else:
                    yield Repeated(any_item(value), "i", "n")
            else:
                yield self.evaluate(element, frame)

    def _dict(self, items: Iterable[tuple[nodes.Expression | None, nodes.Expression]], frame: Frame) -> Value:
        entries: list[tuple[nodes.Expression | None, Value]] = []
        for key, value in items:
            known = self.evaluate(key, frame) if key is not None else None
            result = self.evaluate(value, frame)
            if key is None and isinstance(result, Table):
                entries += result.items
            else:
                entries.append((known.expression if isinstance(known, Text) else None, result))
        return Table(tuple(entries))

    def _comprehension(self, node: nodes.Comprehension, frame: Frame) -> Value:
        inner = Frame(frame.module, frame.names, dict(frame.locals), frame.owner, frame.is_own)
        return self._clauses(node, node.clauses, inner)

    def _clauses(self, node: nodes.Comprehension, clauses: Items[nodes.Clause], frame: Frame) -> Value:
        if not clauses:
            if node.kind == "dict" and isinstance(node.element, nodes.TupleDisplay):
                key, value = (self.evaluate(element, frame) for element in node.element.elements)
                return Table(((key.expression if isinstance(key, Text) else None, value),))
            return self.evaluate(node.element, frame)
        clause = clauses[0]
        iterable = self.evaluate(clause.iterable, frame)
        items = known_items(iterable)
        if items is not None and len(items) <= _UNROLLED and not clause.conditions:
            results: list[Value] = []
            for item in items:
                self.assign(clause.target, item, frame)
                results.append(self._clauses(node, clauses[1:], frame))
            if node.kind == "dict":
                return Table(tuple(entry for result in results if isinstance(result, Table) for entry in result.items))
            return Sequence(tuple(results))
        index, count = index_name(clause.target, clause.iterable), self.count(clause.iterable, frame)
        with self.recorder.loop(index, count), self.recorder.condition(bool(clause.conditions)):
            self._bind_item(clause.target, clause.iterable, iterable, frame)
            for condition in clause.conditions:
                self.evaluate(condition, frame)
            result = self._clauses(node, clauses[1:], frame)
        return result if node.kind == "dict" else Sequence((Repeated(result, index, count),))

    def _branches(self, branches: Iterable[nodes.Expression], node: nodes.Expression, frame: Frame) -> Value:
        """What one of several expressions gives, of which one is evaluated."""
        results, counters = [], self.recorder.counters
        merged = None
        for branch in branches:
            self.recorder.counters = counters
            results.append(self.evaluate(branch, frame))
            merged = self.recorder.counters if merged is None else merged.merged(self.recorder.counters)
        self.recorder.counters = merged or counters
        return self.text(node, frame) if all(isinstance(item, Text) for item in results) else choice(*results)

    def _boolean(self, node: nodes.Boolean, values: Items[nodes.Expression], frame: Frame) -> Value:
        first = self.evaluate(values[0], frame)
        known, value = self.truth(first)
        if known and bool(value) == (node.operator == "or"):
            return first
        with self.recorder.condition(not known):
            rest = [self.evaluate(item, frame) for item in values[1:]]
        if known and len(rest) == 1:
            return rest[0]
        return self.text(node, frame) if all(isinstance(item, Text) for item in (first, *rest)) else choice(first, *rest)

    def _subscript(self, node: nodes.Subscript, base: Value, index: Value, frame: Frame) -> Value:
        known, position = constant(index.expression) if isinstance(index, Text) else (False, None)
        if isinstance(base, Sequence):
            plain = not any(isinstance(item, Repeated) for item in base.items)
            if known and plain and isinstance(position, int) and -len(base.items) <= position < len(base.items):
                return base.items[position]
            return any_item(base)
        if isinstance(base, Table):
            if known:
                for key, item in base.items:
                    if key is not None and constant(key) == (True, position):
                        return item
            return any_item(base)
        return self.text(node, frame)

    def _attribute(self, node: nodes.Attribute, frame: Frame) -> Value:
        base = self.evaluate(node.value, frame) if _may_be_value(node.value, frame) else None
        if isinstance(base, Self):
            return self._own_attribute(node, frame)
        if isinstance(base, Super):
            found = find_method(self.definition, node.attribute, self.reach, after=base.owner)
            return self.method_value(found) if isinstance(found, Method) else Text(node)
        if base is None:
            return resolution.value_of(self, node, frame)
        return self.text(node, frame)

    def _own_attribute(self, node: nodes.Attribute, frame: Frame) -> Value:
        name = node.attribute
        if name in self.recorder.attributes:
            value = self.recorder.attributes[name]
            return value if self.nested or not isinstance(value, Text) else Text(node)
        if name in self.bindings:
            return self.bindings[name]
        found = find_method(self.definition, name, self.reach)
        if isinstance(found, Method):
            if found.is_property:
                return self.method(found)
            return self.method_value(found)
        return resolution.field_value(self, node) or Text(node)

    # --- Text ---------------------------------------------------------------------------------------------------------

    def text(self, node: nodes.Expression, frame: Frame) -> Text:
        """`node` in terms of the analysed class, or of the one around it."""
        return Text(self.written(node, frame))

    def written(self, node: nodes.Expression, frame: Frame) -> nodes.Expression:
        """An expression with constants, passed parameters and known fields put in for their names."""

        def replacement(part: nodes.Expression) -> nodes.Expression | None:
            if isinstance(part, nodes.Name):
                value = frame.locals.get(part.id)
                if not isinstance(value, Text) or (frame.is_own and not constant(value.expression)[0]):
                    return None
                return value.expression
            if isinstance(part, nodes.Attribute) and isinstance(part.value, nodes.Name):
                if isinstance(frame.locals.get(part.value.id), Self):
                    value = self._own_attribute(part, frame) if self.nested else self.bindings.get(part.attribute)
                    written = as_expression(value)
                    return written if written != part else None
            return None

        return substituted(node, replacement)

    def truth(self, value: Value) -> tuple[bool, bool]:
        """Whether it is known if a value is true, and if so whether it is."""
        if isinstance(value, Self | Made | FunctionValue | ModuleClass):
            return True, True
        if isinstance(value, Text):
            return resolution.truth(value.expression)
        return False, False

    def count(self, iterable: nodes.Expression, frame: Frame) -> str:
        """The number of items of an iterable, as an expression."""
        match iterable:
            case nodes.Call(function=nodes.Name(id="range"), arguments=arguments) if len(arguments) in (1, 2):
                first, *rest = [self.written(argument.value, frame) for argument in arguments]
                known, start = constant(first)
                if not rest or (known and start == 0):
                    return show(rest[0] if rest else first)
                return show(nodes.Binary(rest[0], "-", first))
            case nodes.Call(function=nodes.Name(id="enumerate" | "zip" | "reversed" | "list" | "tuple" | "sorted"), arguments=arguments):
                return self.count(arguments[0].value, frame) if arguments else "0"
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                return str(len(elements))
        return f"len({show(self.written(iterable, frame))})"


def as_expression(value: Value | None) -> nodes.Expression | None:
    """The expression of a value that is one, displays of such values included."""
    if isinstance(value, Text):
        return value.expression
    if isinstance(value, Sequence):
        parts = [as_expression(item) for item in value.items]
        if all(part is not None for part in parts):
            return nodes.TupleDisplay(tuple(part for part in parts if part is not None))
    return None


def named(value: Value, name: str) -> Value:
    """What a local variable stands for: a value that matters, a short expression of shapes, or else itself."""
    if not isinstance(value, Text) or value == UNKNOWN:
        return Text(nodes.Name(name)) if value == UNKNOWN else value
    expression = value.expression
    calls_only_shapes = all(
        dotted(node.function) in _SHAPE_FUNCTIONS for node in nodes.walk(expression) if isinstance(node, nodes.Call)
    )
    return value if calls_only_shapes and size(expression) <= _SHORT else Text(nodes.Name(name))


def known_items(value: Value) -> tuple[Value, ...] | None:
    """The items of a value that is a list or tuple of known length."""
    if isinstance(value, Sequence) and not any(isinstance(item, Repeated) for item in value.items):
        return value.items
    if isinstance(value, Text) and isinstance(value.expression, nodes.TupleDisplay | nodes.ListDisplay):
        elements = value.expression.elements
        if not any(isinstance(element, nodes.Starred) for element in elements):
            return tuple(Text(element) for element in elements)
    return None


def any_item(value: Value) -> Value:
    """What any item of a container may be."""
    match value:
        case Sequence(items=items) if items:
            return choice(*(item.item if isinstance(item, Repeated) else item for item in items))
        case Table(items=entries) if entries:
            return choice(*(item for _, item in entries))
        case Choice(options=options):
            return choice(*(any_item(option) for option in options))
    return UNKNOWN


def index_name(target: nodes.Expression, iterable: nodes.Expression) -> str:
    """What a loop's counter is called in names: the source's own counter, or `i`."""
    function = dotted(iterable.function) if isinstance(iterable, nodes.Call) else None
    if function == "range" and isinstance(target, nodes.Name) and target.id != "_":
        return target.id
    if function == "enumerate" and isinstance(target, nodes.TupleDisplay):
        first = target.elements[0]
        if isinstance(first, nodes.Name) and first.id != "_":
            return first.id
    return "i"


def _after_loop(ending: Ending, body: Iterable[nodes.Statement]) -> Ending:
    """How a loop ends: it may have been left by a return in its body."""
    returns = any(isinstance(node, nodes.Return) for statement in body for node in nodes.walk(statement))
    return "maybe" if returns and ending != "on" else "on"


def _may_be_value(node: nodes.Expression, frame: Frame) -> bool:
    """Whether the base of an attribute is more than a module or class that a dotted global name goes through."""
    name = dotted(node)
    return name is None or name.partition(".")[0] in frame.locals
