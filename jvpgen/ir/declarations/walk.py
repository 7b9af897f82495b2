"""The walk over a class's methods, in Python's order of evaluation: IR enters, a filled Recorder leaves.

Each expression has a `Value`; creating a module, declaring a variable and drawing a key are recorded as they are met.
Both branches of a condition are walked unless it is known which is taken; a loop's body is walked once, or once an item
where the items are known. Methods and helper functions are walked where they are called, so that a helper that receives
the module declares into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Literal

import libcst as cst

from jvpgen.ir import nodes
from jvpgen.ir.declarations import calls, expressions, resolution
from jvpgen.ir.declarations.containers import any_item, as_expression, index_name, known_items, named
from jvpgen.ir.declarations.record import DeclaredVariable, RngStream
from jvpgen.ir.declarations.recorder import Recorder
from jvpgen.ir.declarations.simplify import simplified
from jvpgen.ir.declarations.text import constant, substituted
from jvpgen.ir.declarations.values import (
    UNKNOWN,
    Frame,
    FunctionValue,
    Made,
    ModuleClass,
    Repeated,
    Self,
    Sequence,
    Table,
    Text,
    Value,
    choice,
)
from jvpgen.ir.lower import lower_function
from jvpgen.ir.scoping import dotted, target_names
from jvpgen.ir.show import show
from jvpgen.source.classes import Method
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

# How a block ends: it goes on, it may have been left, it has been left by return or jump, it has raised.
Ending = Literal["on", "maybe", "left", "raised"]

_SHORT = 12  # nodes of a local's expression that may stand for the local
_SHAPE_FUNCTIONS = frozenset({"len", "tuple", "int", "max", "min", "list", "sum"})
_DEEPEST = 12
_DEEPEST_TEXT = 50
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
        self.depth = 0
        self.returns: list[list[Value]] = []
        self.globals: dict[tuple[Path, int, str], Value] = {}
        self.inherits_call = False  # whether super().__call__ of a class of Flax's own is called

    # --- Functions ----------------------------------------------------------------------------------------------------

    def method(self, method: Method) -> Value:
        """Walks a method of the class as called from outside, with arguments of which nothing is known."""
        return self.call_function(self.method_value(method), (), entry=True)

    def method_value(self, method: Method) -> FunctionValue:
        module = method.owner.module
        function = self.shared.function(method.node, module)
        frame = Frame(module, self.reach.names_at(method.owner), {}, method.owner)
        receiver = None if method.is_static else Self()
        return FunctionValue(function, frame, f"{method.owner.key}.{method.name}", receiver)

    def call_function(
        self, value: FunctionValue, arguments: Items[tuple[str | None, Value]], *, entry: bool = False
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
            return self._call(value, arguments, entry)
        finally:
            self.active.pop()
            if plain and self.recorder.events == before:
                self.inert.add(value.key)

    def _call(self, value: FunctionValue, arguments: Items[tuple[str | None, Value]], entry: bool) -> Value:
        function = value.function
        positional: list[tuple[str | None, Value]] = [] if value.receiver is None else [(None, value.receiver)]
        local = dict(value.frame.locals)
        local |= self._parameters(function.parameters, [*positional, *value.bound, *arguments], value.frame, entry)
        names = value.frame.names
        frame = Frame(value.frame.module, names, local, value.frame.owner, entry and not self.nested)
        if isinstance(function, nodes.Lambda):
            return self.evaluate(function.body, frame)
        self.returns.append([])
        self.block(function.body, frame)
        returned = self.returns.pop()
        return choice(*returned) if returned else Text(nodes.Constant("None"))

    def _parameters(
        self, parameters: nodes.Parameters, arguments: Items[tuple[str | None, Value]], frame: Frame, entry: bool
    ) -> dict[str, Value]:
        """The parameters' values: what is passed, else the default; from outside (`entry`), its own name."""
        positional = [value for keyword, value in arguments if keyword is None]
        named = {keyword: value for keyword, value in arguments if keyword not in (None, "*", "**")}
        starred = entry or any(keyword in ("*", "**") for keyword, _ in arguments)
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
            elif parameter.default is not None and not starred:
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
                self.bind_item(node.target, node.iterable, iterable, frame)
                ending = self.block(node.body, frame)
        self.block(node.orelse, frame)
        return _after_loop(ending, node.body)

    def bind_item(self, target: nodes.Expression, iterable: nodes.Expression, value: Value, frame: Frame) -> None:
        """Binds a loop's target to what any of the items may be."""
        if isinstance(target, nodes.TupleDisplay) and isinstance(iterable, nodes.Call):
            function = dotted(iterable.function)
            parts = [argument.value for argument in iterable.arguments]
            if function == "enumerate" and len(target.elements) == 2 and parts:
                self.assign(target.elements[0], UNKNOWN, frame)
                self.bind_item(target.elements[1], parts[0], self.evaluate(parts[0], frame), frame)
                return
            if function == "zip" and len(target.elements) == len(parts):
                for element, part in zip(target.elements, parts, strict=True):
                    self.bind_item(element, part, self.evaluate(part, frame), frame)
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
        """The value of an expression; what it makes and declares is recorded."""
        self.depth += 1
        try:
            return expressions.evaluate(self, node, frame)
        finally:
            self.depth -= 1

    def text(self, node: nodes.Expression, frame: Frame) -> Text:
        """`node` in terms of the analysed class, or of the one around it; as it stands, deep inside an expression."""
        if self.depth > _DEEPEST_TEXT:
            return Text(node)
        return Text(self.written(node, frame))

    def written(self, node: nodes.Expression, frame: Frame) -> nodes.Expression:
        """An expression with constants, passed parameters and known fields put in for their names."""

        def replacement(part: nodes.Expression) -> nodes.Expression | None:
            if isinstance(part, nodes.Name):
                value = frame.locals.get(part.id)
                if not isinstance(value, Text) or (frame.is_own and not constant(value.expression)[0]):
                    return None
                return value.expression
            if not isinstance(part, nodes.Attribute) or not isinstance(part.value, nodes.Name):
                return None
            if not isinstance(frame.locals.get(part.value.id), Self):
                return None
            known = expressions.own_attribute(self, part, frame) if self.nested else self.bindings.get(part.attribute)
            expression = as_expression(known)
            return expression if expression != part else None

        written = substituted(node, replacement)
        return simplified(written) if self.nested else written

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
            case nodes.Call(
                function=nodes.Name(id="enumerate" | "zip" | "reversed" | "list" | "tuple" | "sorted"),
                arguments=arguments,
            ):
                return self.count(arguments[0].value, frame) if arguments else "0"
            case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
                return str(len(elements))
        return f"len({show(self.written(iterable, frame))})"


def _after_loop(ending: Ending, body: Iterable[nodes.Statement]) -> Ending:
    """How a loop ends: it may have been left by a return in its body."""
    returns = any(isinstance(node, nodes.Return) for statement in body for node in nodes.walk(statement))
    return "maybe" if returns and ending != "on" else "on"
