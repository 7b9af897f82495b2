"""What names mean to the walk: global names, and fields of the module, become Values."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst

from jvpgen.ir import nodes
from jvpgen.ir.declarations.flow import some_of
from jvpgen.ir.declarations.text import constant
from jvpgen.ir.declarations.values import (
    Choice,
    External,
    Frame,
    FunctionValue,
    ModuleClass,
    Sequence,
    Text,
    Value,
    choice,
)
from jvpgen.ir.lower import lower_expression, parse_expression
from jvpgen.ir.scoping import dotted
from jvpgen.source import flax_names
from jvpgen.source.classes import Field, decorators, fields
from jvpgen.source.reach import Definition

if TYPE_CHECKING:
    from jvpgen.ir.declarations.walk import Walk

# Annotations of fields that hold a Module class, or a function that makes modules.
_HOLDS_CLASS = re.compile(r"ModuleDef|ModuleClass|[Tt]ype\[.*Module|Callable\[.*\bModule\]|[Tt]ype\[.*Cell")
_NO_INSTANCE = re.compile(r"[Tt]ype\[|Callable|ModuleDef")
_MODULE = re.compile(r"(?<!\w)(?:\w+\.)?Module\b")
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_HOLDS_SEVERAL = re.compile(r"\b(?:Sequence|List|Tuple|list|tuple|Iterable|Dict|dict|Mapping)\[")


def value_of(walk: Walk, node: nodes.Expression, frame: Frame) -> Value:
    """The value of a dotted global name."""
    name = dotted(node)
    if name is None:
        return Text(node)
    key = (frame.module.absolute, id(frame.names), name)
    if key not in walk.globals:
        walk.globals[key] = Text(node)  # for a value that is defined by itself
        meanings = frame.names.alternatives(name)
        found = [_meaning(walk, meaning, name, node, frame) for meaning in meanings]
        walk.globals[key] = choice(*found) if found else Text(node)
    value = walk.globals[key]
    return Text(node) if isinstance(value, Text) else value


def _meaning(walk: Walk, qualified: str, name: str, node: nodes.Expression, frame: Frame) -> Value:
    definition = walk.reach.definition(qualified, frame.module)
    if definition is not None:
        return _defined(walk, definition, name, node)
    resolved = walk.reach.resolve(qualified, frame.module)
    if flax_names.is_module_class(resolved):
        return ModuleClass(resolved.rpartition(".")[2], name, resolved)
    return Text(node)


def _defined(walk: Walk, definition: Definition, name: str, node: nodes.Expression) -> Value:
    module = definition.module
    if definition.kind == "module_class":
        return class_value(walk, definition, name)
    frame = Frame(module, walk.reach.names(module), is_own=False)
    if isinstance(definition.node, cst.FunctionDef):
        function = walk.shared.function(definition.node, module)
        receiver: Value | None = None
        owner = walk.reach.definition(definition.qualified.rpartition(".")[0], module)
        if owner is not None and owner.kind == "module_class":
            kinds = decorators(definition.node, module, walk.reach)
            if "builtins.classmethod" in kinds:
                receiver = class_value(walk, owner, name.rpartition(".")[0])
        return FunctionValue(function, frame, definition.key, receiver)
    if isinstance(definition.node, cst.Call | cst.Lambda) and _makes_no_module(walk, definition):
        return walk.evaluate(lower_expression(definition.node, module.span), frame)
    if isinstance(definition.node, cst.Tuple):
        return walk.again(lower_expression(definition.node, module.span), frame)
    return Text(node)


def global_constant(walk: Walk, expression: nodes.Expression, frame: Frame) -> nodes.Expression | None:
    """The literal that a module-level name is assigned, `CACHE = "cache"`, if `expression` is such a name."""
    name = dotted(expression)
    meaning = None if name is None or name.partition(".")[0] in frame.locals else frame.names.qualified(name)
    definition = None if meaning is None else walk.reach.definition(meaning, frame.module)
    if definition is None or not isinstance(definition.node, cst.SimpleString | cst.Integer | cst.Float):
        return None
    return lower_expression(definition.node, definition.module.span)


def class_value(walk: Walk, definition: Definition, spelled: str) -> ModuleClass:
    """A Module class of a followed file; transforms that decorate it count into its name."""
    name = definition.name
    for decorator in reversed(decorators(definition.node, definition.module, walk.reach)):
        name = flax_names.CLASS_TRANSFORMS.get(decorator, "") + name
    return ModuleClass(name, spelled, definition.qualified, definition)


def _makes_no_module(walk: Walk, definition: Definition) -> bool:
    """Whether a module-level call is one of those that wrap classes and functions."""
    if isinstance(definition.node, cst.Lambda):
        return True
    assert isinstance(definition.node, cst.Call)
    name = walk.reach.meaning(definition.module, definition.node.func)
    return name == "functools.partial" or name in flax_names.CLASS_TRANSFORMS


# --- Fields -----------------------------------------------------------------------------------------------------------


def field_of(walk: Walk, name: str) -> Field | None:
    return next((field for field in fields(walk.definition, walk.reach) if field.name == name), None)


def field_value(walk: Walk, node: nodes.Attribute) -> Value | None:
    """The value of a field that no construction has set: its default, if that is a class or function; or some class."""
    field = field_of(walk, node.attribute)
    if field is None:
        return None
    value = settable(walk, field)
    if value is not None:
        return value
    if _HOLDS_CLASS.search(field.annotation):
        return ModuleClass(f"{{{field.name}}}", f"self.{field.name}", None)
    return Text(node) if not walk.nested else Text(nodes.Attribute(nodes.Name(walk.definition.name), field.name))


def settable(walk: Walk, field: Field) -> Value | None:
    """What a field may hold, whose classes go by the field's name, for others can be passed; None: nothing is known."""
    with walk.recorder.nothing():
        value = default_value(walk, field)
    match value:
        case Choice(options=options):
            known = [_as_default(item, field) for item in options if not isinstance(item, Text)]
            return choice(*known) if known else None
        case Sequence(items=items):
            classes = [_as_default(item, field) for item in items if isinstance(item, ModuleClass)]
            return Sequence(some_of(dict.fromkeys(classes))) if classes else None
        case FunctionValue() | External() | ModuleClass():
            return _as_default(value, field)
    return None


def _as_default(value: Value, field: Field) -> Value:
    if not isinstance(value, ModuleClass):
        return value
    return replace(value, name=f"{{{field.name}}}", spelled=f"self.{field.name}", is_default=True)


def default_value(walk: Walk, field: Field) -> Value | None:
    """What a field holds if nothing is passed."""
    if field.default_node is None:
        return None if field.default is None else Text(parse_expression(field.default))
    module = field.owner.module
    expression = lower_expression(field.default_node, module.span)
    frame = Frame(module, walk.reach.names_at(field.owner), is_own=False)
    if isinstance(expression, nodes.Call):
        name = walk.reach.meaning(module, field.default_node.func) if isinstance(field.default_node, cst.Call) else None
        if name != "functools.partial" and name not in flax_names.CLASS_TRANSFORMS:
            return Text(expression)
    return walk.evaluate(expression, frame)


def holds_module(walk: Walk, field: Field) -> bool:
    """Whether a field holds a module instance, or several, by its annotation."""
    if _NO_INSTANCE.search(field.annotation):
        return False
    if _MODULE.search(field.annotation):
        return True
    module = field.owner.module
    used = rf"self\.{field.name}(?:\.\w+|\[[^\]]*\])?\(|in self\.{field.name}\b"
    if not re.search(used, module.text):  # looking a class up may open many files
        return False
    names = walk.reach.names_at(field.owner)
    for word in _WORD.findall(field.annotation):
        for meaning in names.alternatives(word):
            if meaning.startswith("builtins."):
                continue
            definition = walk.reach.definition(meaning, module)
            if definition is not None and definition.kind == "module_class":
                return True
            if flax_names.is_module_class(walk.reach.resolve(meaning, module)):
                return True
    return False


def holds_several(field: Field) -> bool:
    """Whether a field holds a list, tuple or dict of modules, by its annotation."""
    return bool(_HOLDS_SEVERAL.search(field.annotation))


# --- Truth ------------------------------------------------------------------------------------------------------------

_COMPARISONS: dict[str, Callable[[Any, Any], object]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": operator.is_, "is not": operator.is_not,
    "in": lambda item, container: item in container,
    "not in": lambda item, container: item not in container,
}  # fmt: skip


def truth(expression: nodes.Expression) -> tuple[bool, bool]:
    """Whether it is known from the text alone if an expression is true, and if so whether it is."""
    known, value = constant(expression)
    if known:
        return True, bool(value)
    match expression:
        case nodes.Unary(operator="not", operand=operand):
            known, result = truth(operand)
            return known, not result
        case nodes.Boolean(operator=word, values=values):
            results = [truth(value) for value in values]
            deciding = word == "or"
            if any(known and result == deciding for known, result in results):
                return True, deciding
            return all(known for known, _ in results), not deciding
        case nodes.Comparison(left=left, operators=(word,), rights=(right,)):
            (one_known, one), (other_known, other) = constant(left), constant(right)
            if one_known and other_known:
                try:
                    return True, bool(_COMPARISONS[word](one, other))
                except TypeError:
                    return False, False
        case nodes.ListDisplay(elements=elements) | nodes.TupleDisplay(elements=elements) if not elements:
            return True, False
    return False, False
