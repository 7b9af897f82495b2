"""What an expression is before anything is called: a class or a maker of modules, a module, a list or dict of them."""

from __future__ import annotations

from collections.abc import Sequence

from jvpgen.analysis import control
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted


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
    """The qualified class of the module that `node` is; `UNKNOWN_CLASS` if nobody knows it, None for no module."""
    match node:
        case nodes.Name(id=name) if name in environment.instances:
            return environment.instances[name] or UNKNOWN_CLASS
        case nodes.Attribute(value=nodes.Name(id=name), attribute=attribute) if name == environment.self_name:
            facts = environment.facts
            if facts is None or attribute not in facts.submodules:
                return None
            return facts.submodules[attribute] or UNKNOWN_CLASS
        case nodes.Call(function=nodes.Attribute(value=value, attribute="values"), arguments=()):
            return instance_class(value, environment)
        case nodes.Call(function=function):
            return _constructed_class(function, environment)
        case nodes.Subscript(value=value):
            return instance_class(value, environment)
        case nodes.DictDisplay(items=items) if items:
            return _common_class([instance_class(value, environment) for _, value in items])
        case nodes.ListDisplay(elements=elements) | nodes.TupleDisplay(elements=elements) if elements:
            return _common_class([instance_class(element, environment) for element in elements])
        case nodes.Comprehension(kind="list" | "generator", element=element):
            return instance_class(element, environment)
        case nodes.Comprehension(kind="dict", element=nodes.TupleDisplay(elements=(_, element))):
            return instance_class(element, environment)
        case nodes.Conditional(body=body, orelse=orelse):
            return _common_class([instance_class(part, environment) for part in (body, orelse)])
    return None


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
        case _, nodes.Call(function=nodes.Name(id="reversed" | "list" | "tuple"), arguments=(only,)):
            return bound_instances(target, only.value, environment)
        case nodes.Name(id=name), _:
            kind = instance_class(iterable, environment)
            return {} if kind is None else {name: kind}
    return {}


def _common_class(kinds: Sequence[str | None]) -> str | None:
    """The class of what is one of several; None if none of them is a module."""
    modules = {kind for kind in kinds if kind is not None}
    return None if not modules else modules.pop() if len(modules) == 1 else UNKNOWN_CLASS


def _constructed_class(function: nodes.Expression, environment: Environment) -> str | None:
    name = dotted(function)
    qualified = environment.global_name(name) if name else None
    if qualified is not None:
        return qualified if environment.kind(qualified) == "module_class" else None
    return UNKNOWN_CLASS if is_constructor(function, environment) else None
