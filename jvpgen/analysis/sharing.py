"""What names hold, as far as the text of a function shows: plainly a list or dict, plainly an array, or neither.

Two names may hold the same object unless one of them is an array, or a list that never went anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator

from jvpgen.analysis import callees
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.filling import MUTATORS, bindings
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted, target_names

CHANGES = MUTATORS | callees.REMOVERS | frozenset("remove clear sort reverse discard".split())
ARRAY_METHODS = frozenset(("reshape", "astype", "transpose"))
_CONTAINER_METHODS = CHANGES | frozenset(("items", "keys", "values"))
_COPIES = frozenset("len list tuple dict set sum zip enumerate reversed sorted min max any all isinstance".split())
_TAKE_LISTS = frozenset(
    "array asarray stack concatenate hstack vstack dstack column_stack block meshgrid broadcast_arrays".split()
)


class Evidence:
    """What the text around shows about names: plainly a list or dict, plainly an array, or neither."""

    def __init__(self, environment: Environment):
        self.containers = {*environment.containers, *environment.collections}
        self.arrays: set[str] = set()
        self.bound: dict[str, list[nodes.Expression | None]] = {}
        self.shared: set[str] = set()
        for statement in environment.around:
            for node in nodes.walk(statement):
                self.containers |= set(_containers(node))
                self.arrays |= set(_arrays(node, environment))
                for name, value in _bindings(node):
                    self.bound.setdefault(name, []).append(value)
            self.shared |= set(_shared(statement, isinstance(statement, nodes.Return)))

    def is_container(self, name: str) -> bool:
        return name in self.containers

    def is_array(self, name: str) -> bool:
        return name in self.arrays - self.containers

    def is_unshared(self, name: str) -> bool:
        """Whether the list, dict or variable under the name is made here, and is nowhere else."""
        return name in self.bound and name not in self.shared and all(map(_is_new, self.bound[name]))


def _containers(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Assign(targets=targets, value=value) if _is_display(value):
            yield from (target.id for target in targets if isinstance(target, nodes.Name))
        case nodes.NamedExpression(target=bound, value=value) if _is_display(value):
            yield bound.id
        case nodes.Assign(targets=targets) | nodes.Delete(targets=targets):
            parts = (part for target in targets for part in nodes.walk(target) if isinstance(part, nodes.Subscript))
            yield from (name for part in parts for name in _named(part.value))
        case nodes.AugmentedAssign(target=nodes.Subscript(value=nodes.Name(id=name))):
            yield name
        case nodes.Call(function=nodes.Attribute(value=nodes.Name(id=name), attribute=attribute)):
            if attribute in _CONTAINER_METHODS:
                yield name
        case nodes.Subscript(value=nodes.Name(id=name), index=nodes.Constant(text=text)):
            if text[-1:] in ("'", '"'):
                yield name


def _is_new(value: nodes.Expression | None) -> bool:
    match value:
        case nodes.Call(function=nodes.Attribute(attribute="variable")):
            return True
    return _is_display(value)


def _is_display(value: nodes.Expression | None) -> bool:
    match value:
        case nodes.ListDisplay() | nodes.DictDisplay() | nodes.SetDisplay() | nodes.Comprehension():
            return True
        case nodes.Call(function=nodes.Name(id="list" | "dict" | "set")):
            return True
        case nodes.Binary(left=left, right=right):
            return _is_display(left) or _is_display(right)
    return False


def _arrays(node: nodes.Node, environment: Environment) -> Iterator[str]:
    match node:
        case nodes.Binary(left=left, operator="@" | "/" | "**" | "-", right=right):
            yield from (*_named(left), *_named(right))
        case nodes.Unary(operator="-", operand=operand):
            yield from _named(operand)
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute):
            if attribute in callees.STATIC_ATTRIBUTES or attribute in ("T", "at", "mT", *ARRAY_METHODS):
                yield name
        case nodes.Subscript(value=nodes.Name(id=name), index=nodes.TupleDisplay()):
            yield name
        case nodes.Call(function=function, arguments=(nodes.Argument(value=nodes.Name(id=name), star=""), *_)):
            called = dotted(function)
            qualified = environment.global_name(called) if called else None
            module, _, short = (qualified or "").rpartition(".")
            if module in ("jax.numpy", "jax.nn", "jax.lax") and short not in _TAKE_LISTS:
                yield name


def _named(node: nodes.Expression) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        yield node.id


# --- Bindings ---------------------------------------------------------------------------------------------------------


def fresh(function: nodes.Function) -> Iterator[str]:
    """Locals of a function that hold nothing but lists and dicts that it makes itself."""
    bound: dict[str, list[nodes.Expression | None]] = {name: [None] for name in function.parameters.names()}
    for statement in function.body:
        for node in nodes.walk(statement):
            for name, value in _bindings(node):
                bound.setdefault(name, []).append(value)
    yield from (name for name, values in bound.items() if all(map(_is_display, values)))


def _bindings(node: nodes.Node) -> Iterator[tuple[str, nodes.Expression | None]]:
    """The names that a node binds, with the value where it is bound as a whole."""
    if isinstance(node, nodes.Function | nodes.Parameter):
        yield node.name, None
    for target, value in bindings(node):
        is_whole = isinstance(node, nodes.Assign | nodes.NamedExpression) and isinstance(target, nodes.Name)
        yield from ((name, value if is_whole else None) for name in target_names(target))


def _shared(node: nodes.Node, returned: bool = False) -> Iterator[str]:
    """Names whose object goes elsewhere as a whole: under another name, into another object, to a call."""
    inner = returned and isinstance(node, nodes.Return | nodes.TupleDisplay | nodes.ListDisplay | nodes.Conditional)
    match node:
        case nodes.Name(id=name) if not returned:
            yield name
            return
        case nodes.Subscript(value=nodes.Name(), index=index):
            yield from _shared(index)
            return
        case nodes.Attribute(value=nodes.Name()):
            return
        case nodes.Assign(targets=targets, value=value):
            for target in targets:
                yield from () if isinstance(target, nodes.Name) else _shared_in_target(target)
            yield from _shared(value) if value is not None else ()
            return
    skipped: tuple[nodes.Node, ...] = ()
    match node:
        case nodes.For(target=target, iterable=iterable) | nodes.Clause(target=target, iterable=iterable):
            skipped = (target, iterable)
        case nodes.Call(function=nodes.Name(id=name), arguments=arguments) if name in _COPIES:
            skipped = arguments
        case nodes.Binary() | nodes.Comparison() | nodes.Unary() | nodes.FormattedString() | nodes.AugmentedAssign():
            skipped = tuple(nodes.children(node))
        case nodes.NamedExpression(target=target):
            skipped = (target,)
    for child in nodes.children(node):
        given = child.value if isinstance(child, nodes.Argument) and not child.star else child
        if not (child in skipped and isinstance(given, nodes.Name)):
            yield from _shared(child, inner)


def _shared_in_target(target: nodes.Expression) -> Iterator[str]:
    """Names in the indices of a target; what is stored into is not shared by that."""
    for part in nodes.walk(target):
        if isinstance(part, nodes.Subscript):
            yield from _shared(part.index)
