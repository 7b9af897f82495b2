"""A method taken out of its class: what Python resolves from the class body is spelled out.

`super()` becomes `super(CNN, self)`, and a private name `self.__scale` the `self._CNN__scale` that Python makes of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jvpgen.ir import nodes


def outside_class(function: nodes.Function, class_name: str) -> nodes.Function:
    """`function` as it reads outside of the class `class_name` (dotted for a nested class)."""
    first = function.parameters.items[0].name if function.parameters.items else "self"

    def rewritten(node: Any) -> Any:
        node = nodes.map_children(node, rewritten)
        match node:
            case nodes.Call(function=nodes.Name(id="super"), arguments=()):
                given = (nodes.Argument(_dotted(class_name)), nodes.Argument(nodes.Name(first)))
                return replace(node, arguments=given)
            case nodes.Attribute(attribute=attribute) if mangled(attribute, class_name) != attribute:
                return replace(node, attribute=mangled(attribute, class_name))
            case nodes.Name(id=name) if mangled(name, class_name) != name:
                return replace(node, id=mangled(name, class_name))
            case nodes.Parameter(name=name) if mangled(name, class_name) != name:
                return replace(node, name=mangled(name, class_name))
        return node

    result: nodes.Function = rewritten(function)
    return result


def mangled(name: str, class_name: str) -> str:
    """What Python makes of `name` in the body of a class: `_CNN__scale` of `__scale`."""
    if not name.startswith("__") or name.endswith("__"):
        return name
    return f"_{class_name.rpartition('.')[2].lstrip('_')}{name}"


def _dotted(name: str) -> nodes.Expression:
    first, *rest = name.split(".")
    result: nodes.Expression = nodes.Name(first)
    for part in rest:
        result = nodes.Attribute(result, part)
    return result
