"""What the fields of a module class may hold, by their annotations, names and use: classes, numbers, arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from jvpgen.analysis.members import is_array_type
from jvpgen.ir.lower import parse_expression
from jvpgen.source.classes import Field

NUMBERS = frozenset(("int", "float", "bool"))
_CLASS_TYPES = ("ModuleDef", "Type[", "type[", "Type", "type")


def array_fields(all_fields: Iterable[Field], used: Callable[[], frozenset[str]]) -> Iterator[str]:
    """The fields that may be given what moves: those of a type of arrays, and of any type that are calculated with,
    which `used` tells."""
    found = list(all_fields)
    of_any_type = {field.name for field in found if field.annotation.rpartition(".")[2] in ("Any", "object")}
    calculated = used() & of_any_type if of_any_type else frozenset()
    for field in found:
        annotation = parse_expression(field.annotation) if field.annotation else None
        is_array = annotation is not None and field.annotation not in NUMBERS and is_array_type(annotation)
        if is_array or field.name in calculated:
            yield field.name


def holds_a_class(field: Field) -> bool:
    """Whether a field is a class of modules or a factory of them, by its annotation or its name."""
    annotation = field.annotation.replace("typing.", "").replace("t.", "")
    of_module = annotation.startswith("Callable[") and annotation.endswith(("Module]", "ModuleDef]"))
    return annotation.startswith(_CLASS_TYPES) or of_module or field.name.endswith(("_cls", "_class", "_factory"))
