"""What classes of values declare: their fields, properties, methods and operators, of those that a file can see.

A record may have a field called `size`, a property, a method called `sum`, or its own `__mul__`: where one does, an
attribute, a call or an operator of an active value cannot be taken for that of an array.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from weakref import WeakKeyDictionary

import libcst as cst

from jvpgen.analysis.environment import Members
from jvpgen.analysis.static import is_static_type
from jvpgen.ir import nodes
from jvpgen.ir.lower import lower_function, parse_expression
from jvpgen.ir.scoping import dotted
from jvpgen.source.bindings import bindings_of
from jvpgen.source.classes import Method, fields, methods, mro
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

_LIBRARIES = ("jax", "flax", "numpy", "builtins", "typing", "optax")
_ARRAY_TYPES = frozenset("Array ndarray ArrayLike float int complex bool".split())


_members: WeakKeyDictionary[Reach, dict[str, Members]] = WeakKeyDictionary()


def members_of(source: SourceModule, reach: Reach) -> Members:
    """What the classes of values declare that stand in a file, or in the files from which it imports something."""
    known = _members.setdefault(reach, {})
    key = str(source.absolute)
    if key not in known:
        known[key] = Members()  # for a class in whose own analysis this is asked
        modules = list(_in_sight(source, reach))
        classes = [definition for module in modules for definition in _classes(module, reach)]
        made = [name for module in modules for name in _named_tuple_fields(module, reach)]
        known[key] = _joined(classes, made, reach)
    return known[key]


def _in_sight(source: SourceModule, reach: Reach) -> Iterator[SourceModule]:
    yield source
    if source.name.partition(".")[0] in _LIBRARIES:
        return
    names = reach.names(source)
    targets = [item.target for found in names.bindings.values() for item in found if item.kind == "import"]
    seen = {source.absolute}
    for target in (*targets, *names.starred.values()):
        if target.partition(".")[0] in _LIBRARIES:
            continue
        found = reach.definition(target, source)
        module = found.module if found is not None else reach.module(target, source)
        if module is not None and module.absolute not in seen:
            seen.add(module.absolute)
            yield module


def _classes(module: SourceModule, reach: Reach) -> list[Definition]:
    """The classes of a file that are no modules, wherever they stand."""
    if "class " not in module.text:
        return []
    found = [reach.define(module, f"{module.name}.{path}", node) for path, node in _class_nodes(module)]
    return [definition for definition in found if definition is not None and definition.kind != "module_class"]


@lru_cache(maxsize=1024)
def _class_nodes(module: SourceModule) -> tuple[tuple[str, cst.ClassDef], ...]:
    finder = _ClassFinder()
    module.tree.visit(finder)
    return tuple(finder.found)


class _ClassFinder(cst.CSTVisitor):
    def __init__(self) -> None:
        self.path: list[str] = []
        self.found: list[tuple[str, cst.ClassDef]] = []

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        return False  # no class stands in one, and most of a file does

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.path.append(node.name.value)
        self.found.append((".".join(self.path), node))

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self.path.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.path += [node.name.value, "<locals>"]

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        del self.path[-2:]


def declared_attributes(definition: Definition, reach: Reach) -> frozenset[str]:
    """The attributes that a class and its bases in reach declare: fields, methods, constants, what methods store."""
    found = {*held_attributes(definition, reach), *methods(definition, reach)}
    for ancestor in mro(definition, reach):
        owner = ancestor.definition
        if owner is not None and isinstance(owner.node, cst.ClassDef):
            found.update(binding.name for binding in bindings_of(owner.node.body.body, owner.module.package))
    return frozenset(found)


def held_attributes(definition: Definition, reach: Reach) -> frozenset[str]:
    """The fields of a class and its bases, and what their methods store."""
    stored = (
        name
        for method in methods(definition, reach).values()
        for name in _stored_names(method.node, first_parameter(method))
    )
    return frozenset((*(field.name for field in fields(definition, reach)), *stored))


_MAKERS = frozenset(("collections.namedtuple", "typing.NamedTuple", "dataclasses.make_dataclass"))


def _named_tuple_fields(module: SourceModule, reach: Reach) -> Iterator[str]:
    """The texts that `Point = namedtuple("Point", "x y")` and its like are given: fields, and the name."""
    for found in reach.names(module).bindings.values():
        for binding in found:
            call = binding.node
            if binding.kind != "value" or not isinstance(call, cst.Call):
                continue
            if reach.meaning(module, call.func) in _MAKERS:
                for text in re.findall(r"""["']([^"']*)["']""", module.code(call)):
                    yield from text.replace(",", " ").split()


def _joined(classes: list[Definition], made: list[str], reach: Reach) -> Members:
    declared: dict[str, list[bool]] = {name: [False] for name in made}
    properties: set[str] = set()
    bound: set[str] = set()
    unbound: set[str] = set()
    held: set[str] = set()
    for definition in classes:
        held.update(field.name for field in fields(definition, reach))
        for name, is_array in _fields(definition, reach):
            declared.setdefault(name, []).append(is_array)
        for name, method in methods(definition, reach).items():
            is_unbound = method.is_static or method.is_class_method
            (properties if method.is_property else unbound if is_unbound else bound).add(name)
        bound.update(_second_names(definition, bound))
    return Members(
        fields=frozenset(declared),
        arrays=frozenset(name for name, found in declared.items() if all(found)),
        properties=frozenset(properties),
        methods=frozenset(bound | unbound),
        unbound=frozenset(unbound - bound),
        held=frozenset(held.union(declared) - bound - unbound),
        classes=tuple(classes),
        positions={item.qualified: tuple(_positional(item, reach)) for item in classes},
    )


def _positional(definition: Definition, reach: Reach) -> Iterator[str]:
    return (field.name for field in fields(definition, reach) if field.in_init and not field.keyword_only)


def _second_names(definition: Definition, methods_known: set[str]) -> Iterator[str]:
    """`__rmul__` of a class body that says `__rmul__ = __mul__`."""
    if isinstance(definition.node, cst.ClassDef):
        for binding in bindings_of(definition.node.body.body, definition.module.package):
            if isinstance(binding.node, cst.Name) and binding.node.value in methods_known:
                yield binding.name


def _fields(definition: Definition, reach: Reach) -> Iterator[tuple[str, bool]]:
    """The fields of a class that may have a tangent, and attributes that its methods store; whether they are arrays."""
    for field in fields(definition, reach):
        annotation = parse_expression(field.annotation) if field.annotation else nodes.Constant("...")
        if not is_static_type(annotation):
            yield field.name, is_array_type(annotation)
    for method in methods(definition, reach).values():
        yield from ((name, False) for name in _stored_names(method.node, first_parameter(method)))


@lru_cache(maxsize=4096)
def _stored_names(node: cst.FunctionDef, receiver: str) -> tuple[str, ...]:
    """The attributes of its first parameter that a method stores."""
    return tuple(name for name, _ in stored_attributes(lower_function(node), receiver))


def is_array_type(annotation: nodes.Expression) -> bool:
    """Whether values of this type are arrays or numbers, or None."""
    match annotation:
        case nodes.Binary(left=left, operator="|", right=right):
            return all(part == nodes.Constant("None") or is_array_type(part) for part in (left, right))
        case nodes.Subscript(value=value, index=index) if (dotted(value) or "").split(".")[-1] == "Optional":
            return is_array_type(index)
    return (dotted(annotation) or "").split(".")[-1] in _ARRAY_TYPES


# --- Stores -----------------------------------------------------------------------------------------------------------


def first_parameter(method: Method) -> str:
    parameters = (*method.node.params.posonly_params, *method.node.params.params)
    return parameters[0].name.value if parameters else "self"


def stored_attributes(function: nodes.Function, name: str) -> Iterator[tuple[str, nodes.Expression | None]]:
    """Attributes of `self` that the function stores, with the value where one attribute gets one value."""
    for statement in function.body:
        for node in nodes.walk(statement):
            if isinstance(node, nodes.Assign):
                for target in node.targets:
                    yield from _stored(target, node.value, name)
            elif isinstance(node, nodes.AugmentedAssign):
                yield from _stored(node.target, node.value, name)


def _stored(
    target: nodes.Expression, value: nodes.Expression | None, name: str
) -> Iterator[tuple[str, nodes.Expression | None]]:
    match target:
        case nodes.Attribute(value=nodes.Name(id=owner), attribute=attribute) if owner == name:
            yield attribute, value
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements):
            parts = value.elements if isinstance(value, nodes.TupleDisplay) else (value,) * len(elements)
            if len(parts) == len(elements):
                for element, part in zip(elements, parts, strict=True):
                    yield from _stored(element, part, name)
