"""What a class inherits: a Definition enters; its ancestors, methods and dataclass fields leave.

    mro(definition, reach)                  # (Ancestor, …), itself first, in Python's order
    find_method(definition, "setup", reach) # Method(owner, node) or None
    methods(definition, reach)              # {"__call__": Method, …}, inherited ones included
    fields(definition, reach)               # (Field, …) in the order of __init__
    is_module(definition, reach)            # a flax.linen Module?

An ancestor in no followed file is known by its name only: its `definition` is None. What flax.linen's own classes
derive from is known without flax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from jvpgen.source import flax_layers, flax_names
from jvpgen.source.bindings import bindings_of, dotted_text
from jvpgen.source.module import SourceModule
from jvpgen.source.span import Span

if TYPE_CHECKING:
    from jvpgen.source.reach import Definition, Kind, Reach


@dataclass(frozen=True, eq=False)
class Ancestor:
    """A class of an MRO. `qualified` is "" for a base that is no plain name (a call, a subscripted call)."""

    qualified: str
    definition: Definition | None = None

    @property
    def key(self) -> str:
        return self.definition.key if self.definition is not None else self.qualified


@dataclass(frozen=True, eq=False)
class Method:
    """A method and the class whose body holds it; `decorators` are qualified names, outermost first."""

    name: str
    owner: Definition
    node: cst.FunctionDef
    decorators: tuple[str, ...]

    @property
    def is_static(self) -> bool:
        return "builtins.staticmethod" in self.decorators

    @property
    def is_class_method(self) -> bool:
        return "builtins.classmethod" in self.decorators

    @property
    def is_property(self) -> bool:
        return any(name.endswith(("property", ".setter", ".getter", ".deleter")) for name in self.decorators)

    @property
    def is_compact(self) -> bool:
        return "flax.linen.module.compact" in self.decorators


@dataclass(frozen=True, eq=False)
class Field:
    """A dataclass field. `annotation` and `default` are source text; `owner` is the class that declares it.

    `default` is what a new instance holds if nothing is passed: `field(default_factory=f)` gives "f()". `default_node`
    is its expression where the source has one. A field that comes from one of flax.linen's own layers, whose file is
    not followed, has no annotation, and for its owner the class that derives from the layer.
    """

    name: str
    annotation: str
    default: str | None
    owner: Definition
    span: Span
    keyword_only: bool = False
    in_init: bool = True
    default_node: cst.BaseExpression | None = None


# --- Ancestors --------------------------------------------------------------------------------------------------------


def mro(definition: Definition, reach: Reach) -> tuple[Ancestor, ...]:
    """The class and its ancestors in the order of attribute lookup, `object` left out."""
    cached = reach.mros.get(definition.key)
    if cached is None:
        cached = tuple(_linearized(Ancestor(definition.qualified, definition), reach, ()))
        reach.mros[definition.key] = cached
    return cached


def bases(definition: Definition, reach: Reach) -> tuple[Ancestor, ...]:
    """The direct bases of a class, as its `class` statement lists them."""
    if not isinstance(definition.node, cst.ClassDef):
        return ()
    found = []
    for argument in definition.node.bases:
        if argument.star:
            found.append(Ancestor(""))
            continue
        value = argument.value
        while isinstance(value, cst.Subscript):  # Generic[T], Base[int]
            value = value.value
        found.append(_ancestor(definition, value, reach))
    return tuple(found)


def _ancestor(definition: Definition, value: cst.BaseExpression, reach: Reach) -> Ancestor:
    dotted = dotted_text(value)
    if dotted is None:
        return Ancestor("")
    sibling = reach.sibling(definition, dotted)
    if sibling is not None:
        return Ancestor(sibling.qualified, sibling)
    names = reach.names_at(definition).alternatives(dotted)
    for name in names:
        found = reach.definition(name, definition.module)
        if found is not None and isinstance(found.node, cst.ClassDef):
            # Flax's Module is known by name alone: what it does is Flax's business even where its file is followed.
            return Ancestor(found.qualified, None if found.qualified == flax_names.MODULE else found)
    meanings = [reach.resolve(name, definition.module) for name in names]
    known = [name for name in meanings if flax_names.is_module_class(name)]
    return Ancestor((known or meanings or [dotted])[0])


def _linearized(start: Ancestor, reach: Reach, path: tuple[str, ...]) -> list[Ancestor]:
    """The C3 order; depth first where C3 has none (Python would refuse the class) or the bases go in a circle."""
    if start.key in path:
        return []
    if start.definition is None:
        base = flax_names.base_of(start.qualified)
        more = [] if base in (None, "builtins.object") else _linearized(Ancestor(base or ""), reach, (*path, start.key))
        return [start, *more]
    path = (*path, start.key)
    known = bases(start.definition, reach)
    parents = [base for base in known if base.qualified != "builtins.object" and base.key not in path]
    lists = [_linearized(parent, reach, path) for parent in parents]
    return [start, *_merged([*lists, parents])]


def _merged(lists: Sequence[list[Ancestor]]) -> list[Ancestor]:
    lists = [list(items) for items in lists if items]
    result: list[Ancestor] = []
    while lists:
        for items in lists:
            head = items[0]
            if not any(_holds(other[1:], head) for other in lists):
                break
        else:
            head = lists[0][0]
        result.append(head)
        rest = [[item for item in items if not _same(item, head)] for items in lists]
        lists = [items for items in rest if items]
    return result


def _same(one: Ancestor, other: Ancestor) -> bool:
    return one is other or (one.key == other.key and bool(one.key))


def _holds(items: Sequence[Ancestor], wanted: Ancestor) -> bool:
    return any(_same(item, wanted) for item in items)


def is_module(definition: Definition, reach: Reach) -> bool:
    """Whether a class derives from flax.linen's Module."""
    return any(flax_names.is_module_class(ancestor.qualified) for ancestor in mro(definition, reach))


def is_nnx(definition: Definition, reach: Reach) -> bool:
    """Whether a class derives from something of flax.nnx."""
    return any(flax_names.is_nnx_module(ancestor.qualified) for ancestor in mro(definition, reach))


def class_kind(definition: Definition, reach: Reach) -> Kind:
    if is_module(definition, reach):
        return "module_class"
    for ancestor in mro(definition, reach):
        if ancestor.qualified in flax_names.STRUCT_BASES:
            return "struct"
        if ancestor.definition is not None and _is_dataclass(ancestor.definition, reach):
            return "struct"
    return "class"


def _is_dataclass(definition: Definition, reach: Reach) -> bool:
    return not flax_names.STRUCT_DECORATORS.isdisjoint(decorators(definition.node, definition.module, reach))


def decorators(node: cst.CSTNode, module: SourceModule, reach: Reach) -> tuple[str, ...]:
    """The qualified names of a definition's decorators, outermost first; their source text where they have none."""
    found = []
    for item in getattr(node, "decorators", ()):
        value = item.decorator
        while isinstance(value, cst.Call):
            value = value.func
        found.append(reach.meaning(module, value) or dotted_text(value) or module.code(value))
    return tuple(found)


# --- Methods ----------------------------------------------------------------------------------------------------------


def own_methods(definition: Definition, reach: Reach) -> Mapping[str, Method]:
    """The methods in the class's own body, by name, in source order; of several of one name the last."""
    cached = reach.own_methods.get(definition.key)
    if cached is not None:
        return cached
    if not isinstance(definition.node, cst.ClassDef):
        return {}
    found: dict[str, Method] = {}
    reach.own_methods[definition.key] = found
    for item in bindings_of(definition.node.body.body, definition.module.package):
        if isinstance(item.node, cst.FunctionDef):
            names = decorators(item.node, definition.module, reach)
            found[item.name] = Method(item.name, definition, item.node, names)
        else:
            found.pop(item.name, None)
    return found


def methods(definition: Definition, reach: Reach) -> dict[str, Method]:
    """Every method of a class that stands in a followed file, as attribute lookup finds it."""
    found: dict[str, Method] = {}
    for ancestor in reversed(mro(definition, reach)):
        if ancestor.definition is not None:
            found |= own_methods(ancestor.definition, reach)
    return found


def find_method(
    definition: Definition, name: str, reach: Reach, *, after: Definition | None = None
) -> Method | Ancestor | None:
    """The method `name`; with `after`, what `super()` in that class finds.

    An Ancestor is the answer where a base class that is not followed comes first: the method may be its.
    """
    passed = after is None
    for ancestor in mro(definition, reach):
        if passed:
            if ancestor.definition is None:
                if ancestor.qualified not in _WITHOUT_METHODS:
                    return ancestor
            elif (found := own_methods(ancestor.definition, reach).get(name)) is not None:
                return found
        passed = passed or (after is not None and ancestor.key == after.key)
    return None


_WITHOUT_METHODS = frozenset({"typing.Generic", "typing.Protocol", "typing_extensions.Protocol", "abc.ABC"})


# --- Fields -----------------------------------------------------------------------------------------------------------


def fields(definition: Definition, reach: Reach) -> tuple[Field, ...]:
    """The dataclass fields in the order of `__init__`, inherited ones included, Flax's `parent` and `name` left out."""
    cached = reach.fields.get(definition.key)
    if cached is not None:
        return cached
    found: dict[str, Field] = {}
    for ancestor in reversed(mro(definition, reach)):
        if ancestor.definition is None:
            found |= _layer_fields(ancestor.qualified, definition)
            continue
        if not _collects_fields(ancestor.definition, reach):
            continue
        for field in _own_fields(ancestor.definition, reach):
            found[field.name] = field  # a field declared again keeps its place
    ordered = [field for field in found.values() if not field.keyword_only]
    result = (*ordered, *(field for field in found.values() if field.keyword_only))
    reach.fields[definition.key] = result
    return result


def _layer_fields(qualified: str, owner: Definition) -> dict[str, Field]:
    """The fields of one of flax.linen's layers, from the table that ships."""
    known = flax_layers.layer(qualified)
    if known is None:
        return {}
    signature = cst.ensure_type(cst.parse_expression(f"lambda {known.signature}: 0"), cst.Lambda)
    printer = cst.Module([])
    span = owner.module.span(owner.node)
    found = {}
    for item in signature.params.params:
        default = None if item.default is None else printer.code_for_node(item.default)
        found[item.name.value] = Field(item.name.value, "", default, owner, span)
    return found


def _collects_fields(definition: Definition, reach: Reach) -> bool:
    """Whether a class's annotations become fields: a plain mixin's do not."""
    if is_module(definition, reach) or _is_dataclass(definition, reach):
        return True
    return any(ancestor.qualified in flax_names.STRUCT_BASES for ancestor in mro(definition, reach))


def _own_fields(definition: Definition, reach: Reach) -> Iterator[Field]:
    assert isinstance(definition.node, cst.ClassDef)
    module = definition.module
    keyword_only = _is_keyword_only_class(definition.node)
    for statement in definition.node.body.body:
        if not isinstance(statement, cst.SimpleStatementLine):
            continue
        for part in statement.body:
            if not isinstance(part, cst.AnnAssign) or not isinstance(part.target, cst.Name):
                continue
            annotation = _annotation_text(part, module)
            base = annotation.partition("[")[0].rpartition(".")[2]
            if base == "KW_ONLY":
                keyword_only = True
            elif base != "ClassVar":
                yield _field(part, annotation, definition, reach, keyword_only)


def _field(part: cst.AnnAssign, annotation: str, definition: Definition, reach: Reach, keyword_only: bool) -> Field:
    assert isinstance(part.target, cst.Name)
    module = definition.module
    span = module.span(part)
    node = part.value
    default = None if node is None else module.code(node)
    in_init = True
    if isinstance(node, cst.Call) and (reach.meaning(module, node.func) or "").endswith((".field", ".module_field")):
        options = {item.keyword.value: item.value for item in node.args if item.keyword is not None}
        node = options.get("default", options.get("default_factory"))
        default = None if node is None else module.code(node)
        if "default" not in options and node is not None:
            default = module.code(node.body) if isinstance(node, cst.Lambda) else f"{default}()"
            node = node.body if isinstance(node, cst.Lambda) else None
        keyword_only = _flag(options.get("kw_only"), keyword_only)
        in_init = _flag(options.get("init"), True)
    return Field(part.target.value, annotation, default, definition, span, keyword_only, in_init, node)


def _flag(node: cst.BaseExpression | None, default: bool) -> bool:
    return node.value == "True" if isinstance(node, cst.Name) and node.value in ("True", "False") else default


def _annotation_text(part: cst.AnnAssign, module: SourceModule) -> str:
    annotation = part.annotation.annotation
    if isinstance(annotation, cst.SimpleString):
        return str(annotation.evaluated_value)
    return module.code(annotation)


def _is_keyword_only_class(node: cst.ClassDef) -> bool:
    """`class M(nn.Module, kw_only=True)`, or the same option of a dataclass decorator."""
    options = [*node.keywords]
    for item in node.decorators:
        if isinstance(item.decorator, cst.Call):
            options += item.decorator.args
    return any(
        option.keyword is not None and option.keyword.value == "kw_only" and _flag(option.value, False)
        for option in options
    )
