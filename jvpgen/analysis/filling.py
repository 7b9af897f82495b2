"""Which names hold what a function fills: lists, dicts and other objects that it stores values in.

`inner = layers["a"]; inner.append(x)` stores in `inner`, and so in what `layers` holds: a name under which something is
stored, and every name that its object may have come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from jvpgen.ir import nodes
from jvpgen.ir.scoping import root_name, target_names

MUTATORS = frozenset("append extend insert update setdefault add appendleft extendleft".split())


def stored_names(target: nodes.Expression) -> Iterator[str]:
    """The names that hold the objects in which an assignment to `target` stores: for `d[k] = v` that is `d`."""
    match target:
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            for element in elements:
                yield from stored_names(element)
        case nodes.Starred(value=value):
            yield from stored_names(value)
        case nodes.Attribute() | nodes.Subscript():
            name = root_name(target)
            if name is not None:
                yield name


def holders(value: nodes.Expression, waiting: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names whose objects `value` may be, or be a part of, or contain.

    What a function returns may be one of its arguments: that is believed of those that hold `waiting` containers.
    """
    match value:
        case nodes.Name(id=name):
            return frozenset((name,))
        case nodes.Attribute(value=inner) | nodes.Subscript(value=inner) | nodes.Starred(value=inner):
            return holders(inner, waiting)
        case nodes.TupleDisplay(elements=parts) | nodes.ListDisplay(elements=parts) | nodes.Boolean(values=parts):
            return _of_all(parts, waiting)
        case nodes.DictDisplay(items=items):
            return _of_all([item for _, item in items], waiting)
        case nodes.Call(function=nodes.Attribute(value=receiver, attribute=method)) if method in _READS:
            return _of_all([receiver, *(argument.value for argument in value.arguments[1:])], waiting)
        case nodes.Call(function=function, arguments=arguments):
            found = _of_all([argument.value for argument in arguments], waiting)
            return found if isinstance(function, nodes.Name) and function.id in _REARRANGED else found & waiting
        case nodes.NamedExpression(target=target, value=inner):
            return holders(inner, waiting) | {target.id}
        case nodes.Conditional(body=body, orelse=orelse):
            return _of_all([body, orelse], waiting)
        case nodes.Binary(left=left, operator="+" | "*" | "|", right=right):
            return _of_all([left, right], waiting) & waiting
        case nodes.Comprehension(kind="dict", element=nodes.TupleDisplay(elements=(_, element))):
            return holders(element, waiting)
        case nodes.Comprehension(element=element):  # what its variables hold is another matter: see `bindings`
            return holders(element, waiting)
    return frozenset()


_READS = frozenset("get pop popitem popleft setdefault values items copy".split())
_REARRANGED = frozenset("enumerate zip reversed list tuple dict iter next sorted getattr filter map".split())


def _of_all(parts: Iterable[nodes.Expression], waiting: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(holders(part, waiting) for part in parts))


def with_aliases(
    names: Iterable[str], body: Iterable[nodes.Statement], waiting: frozenset[str] = frozenset()
) -> frozenset[str]:
    """The names, and all those from which their objects may have come by an assignment or a loop in `body`."""
    found = frozenset(names)
    if not found:
        return found
    pairs = [pair for statement in body for node in nodes.walk(statement) for pair in bindings(node)]
    while True:
        filled = [value for target, value in pairs if found & frozenset(target_names(target))]
        again = found | _of_all(filled, waiting)
        if again == found:
            return found
        found = again


def bindings(node: nodes.Node) -> Iterator[tuple[nodes.Expression, nodes.Expression]]:
    """What a statement, a walrus or a clause of a comprehension binds, with the value."""
    match node:
        case nodes.Assign(targets=targets, value=value) if value is not None:
            for target in targets:
                yield from matched(target, value)
        case nodes.NamedExpression(target=target, value=value):
            yield target, value
        case nodes.For(target=target, iterable=iterable) | nodes.Clause(target=target, iterable=iterable):
            yield target, iterable
        case nodes.WithItem(context=context, target=target) if target is not None:
            yield target, context


def matched(target: nodes.Expression, value: nodes.Expression) -> Iterator[tuple[nodes.Expression, nodes.Expression]]:
    """The parts of a tuple of targets, each with its own value where the value is a tuple as well."""
    match target, value:
        case nodes.TupleDisplay(elements=targets), nodes.TupleDisplay(elements=values) if len(targets) == len(values):
            if not any(isinstance(part, nodes.Starred) for part in (*targets, *values)):
                for part, part_value in zip(targets, values, strict=True):
                    yield from matched(part, part_value)
                return
    yield target, value


# --- What a function does to its arguments ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Filling:
    """In which of its `parameters` a function may store something; a method's come without `self`."""

    parameters: tuple[nodes.Parameter, ...]
    filled: frozenset[str]

    def arguments(self, call: nodes.Call) -> Iterator[nodes.Expression]:
        """The arguments of a call of the function that it may fill."""
        positional = [item.name for item in self.parameters if item.kind in ("positional", "positional-only")]
        known = True  # which parameter the next positional argument is for
        for position, argument in enumerate(call.arguments):
            known = known and not argument.star
            if argument.keyword is not None:
                fills = argument.keyword in self.filled
            else:
                fills = not known or position >= len(positional) or positional[position] in self.filled
            if fills and self.filled:
                yield argument.value


def filling(function: nodes.Function, fills: Callable[[nodes.Call], Iterable[nodes.Expression]]) -> Filling:
    """What a call of the function may fill; `fills` tells which arguments the calls inside of it fill."""
    names: set[str] = set()
    for statement in function.body:
        for node in nodes.walk(statement):
            names.update(filled_names(node))
            if isinstance(node, nodes.Call):
                names.update(_of_all(fills(node), frozenset()))
    parameters = frozenset(function.parameters.names())
    return Filling(tuple(function.parameters), with_aliases(names, function.body) & parameters)


def filled_names(node: nodes.Node) -> Iterator[str]:
    """The names in whose objects one statement, loop or call stores something."""
    match node:
        case nodes.Assign(targets=targets):
            for target in targets:
                yield from stored_names(target)
        case nodes.AugmentedAssign(target=target):
            yield from target_names(target)
            yield from stored_names(target)
        case nodes.For(target=target) | nodes.Clause(target=target):
            yield from stored_names(target)
        case nodes.Call(function=nodes.Attribute(value=container, attribute=method)) if method in MUTATORS:
            yield from holders(container)


# --- What may be filled -----------------------------------------------------------------------------------------------


def makes_container(value: nodes.Expression | None) -> bool:
    """Whether an expression makes a list or dict that waits to be filled: one that is empty, or has empty places."""
    match value:
        case nodes.ListDisplay(elements=elements) | nodes.TupleDisplay(elements=elements):
            is_list = isinstance(value, nodes.ListDisplay)
            return (is_list and (not elements or any(map(_is_none, elements)))) or any(map(makes_container, elements))
        case nodes.DictDisplay(items=items):
            values = [item for _, item in items]
            return not items or any(_is_none(item) or makes_container(item) for item in values)
        case nodes.Call(function=nodes.Name(id="list" | "dict"), arguments=()):
            return True
        case nodes.Call(function=nodes.Name(id="defaultdict" | "deque" | "OrderedDict")):
            return True
        case nodes.Call(function=nodes.Attribute(attribute="defaultdict" | "deque" | "OrderedDict")):
            return True
        case nodes.Call(function=nodes.Name(id="dict"), arguments=arguments):
            return any(makes_container(argument.value) or _is_none(argument.value) for argument in arguments)
        case nodes.Binary(left=left, operator="*" | "+", right=right):
            return makes_container(left) or makes_container(right)
        case nodes.Comprehension(kind="list", element=element):
            return makes_container(element) or _is_none(element)
        case nodes.Comprehension(kind="dict", element=nodes.TupleDisplay(elements=(_, element))):
            return makes_container(element) or _is_none(element)
        case nodes.Conditional(body=body, orelse=orelse):
            return makes_container(body) or makes_container(orelse)
    return False


def _is_none(value: nodes.Expression) -> bool:
    return isinstance(value, nodes.Constant) and value.text == "None"
