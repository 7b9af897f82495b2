"""What an expression is before anything is called: a class or a maker of modules, a module, a list or dict of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jvpgen.analysis import control
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted, target_names


def is_constructor(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is a class, or a partial of one: calling it makes an object and computes nothing."""
    match node:
        case nodes.Conditional(body=body, orelse=orelse):
            return is_constructor(body, environment) and is_constructor(orelse, environment)
        case nodes.Name(id=name) if name in environment.local:
            return name in environment.constructors
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == environment.self_name:
            return environment.facts is not None and attribute in environment.facts.class_fields
        case nodes.Call() if (target := control.lifted_target(node, environment)) is not None:
            return is_constructor(target, environment)
        case nodes.Call(function=function, arguments=(first, *_)):
            called = dotted(function)
            is_partial = called is not None and environment.global_name(called) == "functools.partial"
            return is_partial and not first.star and is_constructor(first.value, environment)
    spelled = dotted(node)
    qualified = environment.global_name(spelled) if spelled else None
    return qualified is not None and environment.kind(qualified) in ("module_class", "class")


UNKNOWN_CLASS = ""


def instance_class(node: nodes.Expression, environment: Environment) -> str | None:
    """The qualified class of the module that `node` is, or of those in the list or dict that it is.

    `UNKNOWN_CLASS` if nobody knows the class, None for what is, or holds, no module as far as the text tells.
    """
    match node:
        case nodes.Name(id=name) if name in environment.instances:
            return environment.instances[name] or UNKNOWN_CLASS
        case nodes.Attribute():
            return _attribute_class(node, environment)
        case nodes.Call():
            return _called_class(node, environment)
        case nodes.Subscript(value=value) | nodes.Starred(value=value) | nodes.NamedExpression(value=value):
            return instance_class(value, environment)
        case nodes.Binary(left=left, operator="+" | "*" | "|", right=right):
            return common_class([instance_class(part, environment) for part in (left, right)])
        case nodes.Conditional(body=body, orelse=orelse):
            return common_class([instance_class(part, environment) for part in (body, orelse)])
        case nodes.Boolean(values=values) | nodes.ListDisplay(elements=values) | nodes.TupleDisplay(elements=values):
            return common_class([instance_class(value, environment) for value in values])
        case nodes.DictDisplay(items=items):
            return common_class([instance_class(value, environment) for _, value in items])
        case nodes.Comprehension(element=element):
            inside = _inside(node, environment)
            is_item = node.kind == "dict" and isinstance(element, nodes.TupleDisplay)
            return instance_class(element.elements[1] if is_item else element, inside)  # type: ignore[union-attr]
    return None


def _attribute_class(node: nodes.Attribute, environment: Environment) -> str | None:
    """The class of a module that is an attribute of `self`, or of another module whose class is known."""
    if isinstance(node.value, nodes.Name) and node.value.id == environment.self_name:
        held: Mapping[str, str | None] = environment.facts.submodules if environment.facts is not None else {}
    else:
        owner = instance_class(node.value, environment)
        held = environment.submodules_of(owner) if owner else {}
    return (held[node.attribute] or UNKNOWN_CLASS) if node.attribute in held else None


_KEEPS_ITEMS = frozenset("list tuple dict set frozenset reversed sorted iter next enumerate zip max min filter".split())
_READS_ITEMS = frozenset("values items get pop popitem copy".split())


def _called_class(node: nodes.Call, environment: Environment) -> str | None:
    """The class of a module that a call makes, or takes out of a list or dict."""
    match node.function:
        case nodes.Name(id=name) if name in _KEEPS_ITEMS and environment.global_name(name) == f"builtins.{name}":
            return common_class([instance_class(argument.value, environment) for argument in node.arguments])
        case nodes.Attribute(value=value, attribute=method) if method in _READS_ITEMS:
            if method == "values" or is_collection(value, environment):  # a module may have a method of this name
                return instance_class(value, environment)
        case nodes.Attribute(value=nodes.Name(id=name), attribute=method) if name == environment.self_name:
            facts = environment.facts
            if facts is not None and facts.methods.get(method) == "method":
                return environment.returned_class(f"{facts.qualified}.{method}")
    return _constructed_class(node.function, environment)


def _inside(node: nodes.Comprehension, environment: Environment) -> Environment:
    """The environment of a comprehension's element, as far as modules go."""
    for clause in node.clauses:
        held = bound_instances(clause.target, clause.iterable, environment)
        names = frozenset(target_names(clause.target))
        outer = {name: kind for name, kind in environment.instances.items() if name not in names}
        environment = replace(environment, instances={**outer, **held})
    return environment


def is_module(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` is a module, and not a list or dict of them."""
    return instance_class(node, environment) is not None and not is_collection(node, environment)


def is_collection(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` plainly is a list, tuple or dict, of modules perhaps, and no module itself."""
    match node:
        case nodes.Name(id=name):
            return name in environment.collections
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == environment.self_name:
            return environment.facts is not None and attribute in environment.facts.collections
        case nodes.ListDisplay() | nodes.TupleDisplay() | nodes.DictDisplay() | nodes.Comprehension():
            return True
        case nodes.Call(function=nodes.Name(id="list" | "dict" | "tuple")):
            return True
        case nodes.Binary(left=left, operator="+" | "*", right=right):
            return is_collection(left, environment) or is_collection(right, environment)
        case nodes.Conditional(body=body, orelse=orelse):
            is_none = nodes.Constant("None")
            return all(part == is_none or is_collection(part, environment) for part in (body, orelse))
    return False


def bound_instances(
    target: nodes.Expression, iterable: nodes.Expression, environment: Environment
) -> dict[str, str | None]:
    """The names of a loop's target that run over modules, each with its class: `for i, block in enumerate(blocks)`."""
    match target, iterable:
        case nodes.TupleDisplay(elements=(_, item)), nodes.Call(
            function=nodes.Name(id="enumerate"), arguments=(first, *_)
        ):
            return bound_instances(item, first.value, environment)
        case nodes.TupleDisplay(elements=(_, item)), nodes.Call(
            function=nodes.Attribute(value=container, attribute="items"), arguments=()
        ):
            return bound_instances(item, container, environment)
        case nodes.TupleDisplay(elements=elements), nodes.Call(function=nodes.Name(id="zip"), arguments=arguments):
            pairs = zip(elements, arguments, strict=False)
            found = [bound_instances(element, argument.value, environment) for element, argument in pairs]
            return {name: kind for part in found for name, kind in part.items()}
        case _, nodes.Call(function=nodes.Name(id="reversed" | "list" | "tuple" | "sorted"), arguments=(only, *_)):
            return bound_instances(target, only.value, environment)
        case nodes.TupleDisplay(elements=parts), nodes.ListDisplay(elements=rows) | nodes.TupleDisplay(elements=rows):
            columns = [[_part(row, place, len(parts)) for row in rows] for place in range(len(parts))]
            kinds = [common_class([instance_class(row, environment) for row in column]) for column in columns]
            named = [part.id if isinstance(part, nodes.Name) else None for part in parts]
            return {name: kind for name, kind in zip(named, kinds, strict=True) if name and kind is not None}
    kind = instance_class(iterable, environment)
    return {} if kind is None else dict.fromkeys(target_names(target), kind)


def _part(row: nodes.Expression, place: int, size: int) -> nodes.Expression:
    """The part of a row that one of `size` targets gets; the row itself where it is not written out."""
    match row:
        case nodes.TupleDisplay(elements=elements) | nodes.ListDisplay(elements=elements) if len(elements) == size:
            return elements[place]
    return row


def common_class(kinds: Sequence[str | None]) -> str | None:
    """The class of what is one of several; None if none of them is a module."""
    modules = {kind for kind in kinds if kind is not None}
    return None if not modules else modules.pop() if len(modules) == 1 else UNKNOWN_CLASS


def _constructed_class(function: nodes.Expression, environment: Environment) -> str | None:
    name = dotted(function)
    qualified = environment.global_name(name) if name else None
    if qualified is not None:
        if environment.kind(qualified) == "function":
            return environment.returned_class(qualified)
        return qualified if environment.kind(qualified) == "module_class" else None
    return UNKNOWN_CLASS if is_constructor(function, environment) else None
