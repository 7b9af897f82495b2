"""Whether an object of a plain class of the project may be made of what moves: its `__init__` is pushed forward then.

The object is the user's, and its tangent is a record of the attributes that `__init__` stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal
from weakref import WeakKeyDictionary

from jvpgen.analysis.decorators import unknown_decorator
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.facts import file_environment, lowered
from jvpgen.forward.functions import push_function
from jvpgen.forward.naming import Naming
from jvpgen.forward.pushed import Frame, NotExpressible
from jvpgen.ir import nodes
from jvpgen.ir.scoping import all_names, dotted
from jvpgen.source.classes import Method, methods, mro
from jvpgen.source.module import SourceModule
from jvpgen.source.reach import Definition, Reach

Policy = Literal["error", "primal"]

_PLAIN_BASES = frozenset(("builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"))
_CHANGE_CONSTRUCTION = frozenset("__new__ __setattr__ __getattribute__ __init_subclass__".split())
_known: WeakKeyDictionary[Reach, dict[tuple[str, Policy], bool]] = WeakKeyDictionary()


def outer_environment(definition: Definition, reach: Reach, policy: Policy) -> Environment:
    """What surrounds a definition, with what the policy and other classes allow in it."""
    return allowing(file_environment(definition.module, reach, definition), definition.module, reach, policy)


def allowing(environment: Environment, source: SourceModule, reach: Reach, policy: Policy) -> Environment:
    """The same environment, in which objects may be made of what moves where their classes allow it."""
    return replace(environment, custom_vjp=policy, constructs=_constructs(source, reach, policy))


def _constructs(source: SourceModule, reach: Reach, policy: Policy) -> Callable[[str], bool]:
    def constructs(qualified: str) -> bool:
        found = reach.definition(qualified, source)
        return found is not None and is_constructible(found, reach, policy)

    return constructs


def is_constructible(definition: Definition, reach: Reach, policy: Policy) -> bool:
    """Whether a class is plain all through, and the `__init__` that its objects run can be pushed."""
    known = _known.setdefault(reach, {})
    key = definition.key, policy
    if key not in known:
        known[key] = False  # while it is found out: an `__init__` that makes more of its kind
        known[key] = (
            definition.kind == "class" and _is_plain(definition, reach) and _has_init(definition, reach, policy)
        )
    return known[key]


def _is_plain(definition: Definition, reach: Reach) -> bool:
    """Whether Python makes an object by `object.__new__` and `__init__`, and stores attributes as it does by itself."""
    ancestors = mro(definition, reach)
    is_followed = all(item.definition is not None or item.qualified in _PLAIN_BASES for item in ancestors)
    keywords = any(argument for argument in getattr(definition.node, "keywords", ()))
    return is_followed and not keywords and _CHANGE_CONSTRUCTION.isdisjoint(methods(definition, reach))


def _has_init(definition: Definition, reach: Reach, policy: Policy) -> bool:
    method = methods(definition, reach).get("__init__")
    return method is not None and not method.is_static and _can_be_pushed(method, reach, policy)


def _can_be_pushed(method: Method, reach: Reach, policy: Policy) -> bool:
    function = lowered(method)
    outer = outer_environment(method.owner, reach, policy)
    if any(unknown_decorator(item, outer) for item in function.decorators) or _calls_super(function):
        return False
    try:
        push_function(function, Frame(outer, Naming(all_names(function), {}, {})), "init", nodes.Constant("None"))
    except NotExpressible:
        return False
    return True


def _calls_super(function: nodes.Function) -> bool:
    """Whether the method asks for a base class's, whose receiver would be bound without its tangent."""
    return any(
        isinstance(node, nodes.Call) and dotted(node.function) == "super"
        for statement in function.body
        for node in nodes.walk(statement)
    )
