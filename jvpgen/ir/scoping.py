"""Which names a piece of IR reads and which it binds, by Python's scoping rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from jvpgen.ir import nodes


def target_names(target: nodes.Expression) -> Iterator[str]:
    """The names that an assignment to `target` binds; stores into objects bind none."""
    match target:
        case nodes.Name(id=name):
            yield name
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            for element in elements:
                yield from target_names(element)
        case nodes.Starred(value=value):
            yield from target_names(value)


def reads(node: nodes.Node) -> frozenset[str]:
    """Names that evaluating `node` may read from the surrounding scope (names bound inside it are left out)."""
    return frozenset(_reads(node))


def _reads(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Name(id=name):
            yield name
        case nodes.Lambda(parameters=parameters, body=body):
            for parameter in parameters:
                if parameter.default is not None:
                    yield from _reads(parameter.default)
            yield from reads(body) - set(parameters.names())
        case nodes.Comprehension(element=element, clauses=clauses):
            inside = set(_reads(element))
            bound: set[str] = set()
            for clause in clauses:
                bound |= set(target_names(clause.target))
                inside |= set(_reads(clause.iterable))
                for condition in clause.conditions:
                    inside |= set(_reads(condition))
            yield from inside - bound
        case nodes.Function(parameters=parameters, body=body, decorators=decorators):
            for part in (*decorators, *(item.default for item in parameters if item.default is not None)):
                yield from _reads(part)
            inner = {name for statement in body for name in _reads(statement)}
            yield from inner - set(parameters.names()) - bound_names(body)
        case nodes.Assign(targets=targets, value=value):
            if value is not None:
                yield from _reads(value)
            for target in targets:
                yield from _store_reads(target)
        case nodes.For(target=target, iterable=iterable, body=body, orelse=orelse):
            yield from _reads(iterable)
            yield from _store_reads(target)
            for statement in (*body, *orelse):
                yield from _reads(statement)
        case nodes.NamedExpression(value=value):
            yield from _reads(value)
        case _:
            for child in nodes.children(node):
                yield from _reads(child)


def _store_reads(target: nodes.Expression) -> Iterator[str]:
    match target:
        case nodes.Name():
            return
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            for element in elements:
                yield from _store_reads(element)
        case nodes.Starred(value=value):
            yield from _store_reads(value)
        case _:
            yield from _reads(target)


def bound_names(statements: Iterable[nodes.Statement]) -> frozenset[str]:
    """Names that the statements bind in their own scope: a nested function's inner names are not among them, and not
    those that belong to a function around them."""
    statements = tuple(statements)
    bound = frozenset(name for statement in statements for name in _bound(statement))
    return bound - _declared_nonlocal(statements) if bound else bound


def _declared_nonlocal(statements: Iterable[nodes.Statement]) -> frozenset[str]:
    return frozenset(name for statement in statements for name in _nonlocals(statement))


def _nonlocals(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Nonlocal(names=names):
            yield from names
        case nodes.Function() | nodes.Lambda() | nodes.Comprehension():
            return
        case nodes.If() | nodes.For() | nodes.While() | nodes.With() | nodes.Try() | nodes.Match():
            for child in nodes.children(node):
                yield from _nonlocals(child)
        case nodes.ExceptHandler() | nodes.Case():
            for child in nodes.children(node):
                yield from _nonlocals(child)


def nonlocal_names(function: nodes.Function) -> frozenset[str]:
    """Names of the functions around it that a nested function, or one nested in that, binds again."""
    inner = {name for node in _functions_in(function.body) for name in nonlocal_names(node)}
    own = frozenset(function.parameters.names()) | bound_names(function.body)
    return _declared_nonlocal(function.body) | (inner - own)


def _functions_in(statements: Iterable[nodes.Node]) -> Iterator[nodes.Function]:
    for node in statements:
        if isinstance(node, nodes.Function):
            yield node
        else:
            yield from _functions_in(nodes.children(node))


def _bound(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Function(name=name):
            yield name
            return
        case nodes.Verbatim(names=names):
            yield from names
        case nodes.Assign(targets=targets):
            for target in targets:
                yield from target_names(target)
        case nodes.AugmentedAssign(target=target) | nodes.For(target=target):
            yield from target_names(target)
        case nodes.NamedExpression(target=target):
            yield target.id
        case nodes.WithItem(target=target) if target is not None:
            yield from target_names(target)
        case nodes.ExceptHandler(name=name) if name is not None:
            yield name
        case nodes.Case(names=names):
            yield from names
        case nodes.Lambda():
            return
    for child in nodes.children(node):
        yield from _bound(child)


def steady_names(function: nodes.Function) -> frozenset[str]:
    """The function's locals that are bound once and under no loop: wherever they can be read they are the same."""
    bound = Counter([*function.parameters.names(), *(name for item in function.body for name in _bound(item))])
    loops = [node for item in function.body for node in nodes.walk(item) if isinstance(node, nodes.For | nodes.While)]
    return frozenset(name for name, times in bound.items() if times == 1) - bound_names(loops)


def all_names(node: nodes.Node) -> frozenset[str]:
    """Every identifier that occurs anywhere in `node`, whatever its scope: what a new name must not collide with."""
    found: set[str] = set()
    for item in nodes.walk(node):
        match item:
            case nodes.Name(id=name) | nodes.Parameter(name=name) | nodes.Function(name=name):
                found.add(name)
            case nodes.Verbatim(names=names) | nodes.Case(names=names) | nodes.Nonlocal(names=names):
                found.update(names)
            case nodes.ExceptHandler(name=name) if name is not None:
                found.add(name)
    return frozenset(found)


def dotted(node: nodes.Expression) -> str | None:
    """`a.b.c` for a chain of attribute reads that starts at a name, else None."""
    match node:
        case nodes.Name(id=name):
            return name
        case nodes.Attribute(value=value, attribute=attribute):
            inner = dotted(value)
            return None if inner is None else f"{inner}.{attribute}"
    return None


def root_name(node: nodes.Expression) -> str | None:
    """The name at the left end of a chain of attributes and subscripts."""
    while isinstance(node, nodes.Attribute | nodes.Subscript):
        node = node.value
    return node.id if isinstance(node, nodes.Name) else None
