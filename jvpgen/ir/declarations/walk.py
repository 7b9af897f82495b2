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

import libcst as cst

from jvpgen.ir import nodes
from jvpgen.ir.declarations import calls, expressions, loops, resolution
from jvpgen.ir.declarations.containers import as_expression, known_items, named
from jvpgen.ir.declarations.flow import State, merged, some_of
from jvpgen.ir.declarations.loops import Ending
from jvpgen.ir.declarations.matching import as_conditions
from jvpgen.ir.declarations.record import DeclaredVariable, RngStream
from jvpgen.ir.declarations.recorder import Recorder
from jvpgen.ir.declarations.simplify import simplified
from jvpgen.ir.declarations.text import constant, substituted
from jvpgen.ir.declarations.values import (
    UNKNOWN,
    Frame,
    FunctionValue,
    Loop,
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
from jvpgen.ir.scoping import steady_names, target_names
from jvpgen.source.classes import Method
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

_DEEPEST = 12
_DEEPEST_TEXT = 50
_MOST_CALLS = 4000

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
        self.left: list[list[State]] = []  # where the functions being walked return
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
        scope = method.name if "flax.linen.module.compact_name_scope" in method.decorators else ""
        return FunctionValue(function, frame, f"{method.owner.key}.{method.name}", receiver, name_scope=scope)

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
            with self.recorder.name_scope(value.name_scope, value.function.span):
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
        is_own = entry and not self.nested
        steady = steady_names(function) if is_own and isinstance(function, nodes.Function) else frozenset()
        frame = Frame(value.frame.module, names, local, value.frame.owner, is_own, steady)
        if isinstance(function, nodes.Lambda):
            return self.evaluate(function.body, frame)
        self.returns.append([])
        exits = self.recorder.enter()
        self.left.append(exits.returns)
        ending = self.block(function.body, frame)
        self.left.pop()
        self.recorder.exits.pop()
        ways = [*exits.returns, *([self.state(frame)] if ending in ("on", "maybe") else [])]
        if ways:
            self.recorder.counters = merged(ways).counters
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
                self.left[-1].append(State({}, self.recorder.counters))
                return "left"
            case nodes.Raise():
                return "raised"
            case nodes.Break():
                self.recorder.exits[-1].breaks.append(self.state(frame))
                return "left"
            case nodes.Continue():
                self.recorder.exits[-1].continues.append(self.state(frame))
                return "left"
            case nodes.If():
                return self._if(node, frame)
            case nodes.For():
                return loops.walk_for(self, node, frame)
            case nodes.While():
                return loops.walk_while(self, node, frame)
            case nodes.With(items=items, body=body):
                for item in items:
                    context = self.evaluate(item.context, frame)
                    if item.target is not None:
                        self.assign(item.target, context, frame)
                return self.block(body, frame)
            case nodes.Match():
                return self.block(as_conditions(node), frame)
            case nodes.Try():
                return self._try(node, frame)
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
        before = self.state(frame)
        with self.recorder.condition():
            first = self.block(node.body, frame)
        after = self.state(frame)
        self.resume(before, frame)
        with self.recorder.condition():
            second = self.block(node.orelse, frame)
        ways = [
            state for state, ending in ((after, first), (self.state(frame), second)) if ending not in ("raised", "left")
        ]
        if ways:
            self.resume(merged(ways), frame)
        endings = {first, second} - {"raised"}
        if not endings:
            return "raised"
        if endings == {"left"}:
            return "left"
        return "maybe" if endings & {"left", "maybe"} else "on"

    def _try(self, node: nodes.Try, frame: Frame) -> Ending:
        before = self.state(frame)
        ending = self.block(node.body, frame)
        inside = merged([before, self.state(frame)])
        with self.recorder.condition(ending == "maybe"):
            ending = self.block(node.orelse, frame) if ending in ("on", "maybe") else ending
        ways = [self.state(frame)] if ending in ("on", "maybe") else []
        for handler in node.handlers:
            self.resume(inside, frame)
            with self.recorder.condition():
                handled = self.block(handler.body, frame)
            if handled in ("on", "maybe"):
                ways.append(self.state(frame))
        if ways:
            self.resume(merged(ways), frame)
        last = self.block(node.finalbody, frame)
        if last in ("left", "raised") or not ways:
            return last if last in ("left", "raised") else ending
        return "maybe" if "maybe" in (ending, last) or ending == "left" else "on"

    def state(self, frame: Frame) -> State:
        """What is known at this place."""
        return State(dict(frame.locals), self.recorder.counters)

    def resume(self, state: State, frame: Frame) -> None:
        """Goes on from a state."""
        frame.locals.clear()
        frame.locals.update(state.locals)
        self.recorder.counters = state.counters

    def again(self, node: nodes.Expression, frame: Frame) -> Value:
        """The value of an expression that has been evaluated before: nothing is recorded."""
        with self.recorder.nothing():
            return self.evaluate(node, frame)

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
        elif isinstance(container, Sequence) and not isinstance(value, Text):
            self.replace(base, Sequence(some_of((*container.items, value)), container.loops), frame)

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
        loops_since = self.recorder.loops_since(container.loops)
        added = [_in_loops(item, loops_since) if loops_since else item for item in items]
        self.replace(place, Sequence((*container.items, *added), container.loops), frame)

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


def _in_loops(item: Value, around: tuple[Loop, ...]) -> Repeated:
    return Repeated(item.item, (*around, *item.loops)) if isinstance(item, Repeated) else Repeated(item, around)
