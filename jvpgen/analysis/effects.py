"""What evaluating an expression may change, and what of that another one reads: whether two may trade places.

Changes are of two kinds: a name is bound anew (a walrus), or an object changes inside (`xs.pop()`, a call that gets
`xs`). Arrays never change. Two names may hold the same object unless their use shows that one of them is an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from jvpgen.analysis import callees, instances
from jvpgen.analysis.activity import callee_of, function_environment, inside_comprehension
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.inertness import as_function
from jvpgen.analysis.sharing import ARRAY_METHODS, CHANGES, Evidence, fresh
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted, root_name, target_names
from jvpgen.ir.scoping import reads as names_read

_PURE_PACKAGES = frozenset(("jax", "numpy", "builtins", "math", "operator", "einops"))
_WITH_EFFECTS = frozenset(
    f"builtins.{name}" for name in "next print setattr delattr exec eval open input compile __import__".split()
)
_OUTSIDE = "<outside>"  # stands for everything that is no local: tables of the file, say


@dataclass(frozen=True)
class Reads:
    """`names` that are read, and the names through which the inside of objects is; of `loose` ones only if they are
    plainly lists or dicts, since they are operands of arithmetic."""

    names: frozenset[str]
    objects: frozenset[str]
    loose: frozenset[str]


@dataclass(frozen=True)
class Writes:
    """`names` that are bound, and the names through which objects may be changed; `own` are the names of lists and
    dicts that are changed themselves, not what is in them; `anything` is every object."""

    names: frozenset[str]
    objects: frozenset[str]
    own: frozenset[str] = frozenset()
    anything: bool = False

    @property
    def changes_objects(self) -> bool:
        return bool(self.objects or self.own or self.anything)


def is_pure(node: nodes.Expression, environment: Environment) -> bool:
    """Whether `node` may be evaluated a little later, its reads aside: it binds nothing and calls nothing unknown."""
    return not any(
        isinstance(part, nodes.NamedExpression)
        or (isinstance(part, nodes.Call) and not _is_pure_call(part, environment))
        for part in nodes.walk(node)
    )


def _is_pure_call(node: nodes.Call, environment: Environment) -> bool:
    name = dotted(node.function)
    qualified = environment.global_name(name) if name else None
    if qualified is not None:
        return _is_pure_name(qualified) and not any(_is_closure(item.value, environment) for item in node.arguments)
    return isinstance(node.function, nodes.Attribute) and node.function.attribute in ARRAY_METHODS


def _is_pure_name(qualified: str) -> bool:
    if qualified in _WITH_EFFECTS or qualified.startswith(("numpy.random.", "jax.debug.", "jax.experimental.")):
        return False
    return qualified.split(".")[0] in _PURE_PACKAGES


def _is_closure(node: nodes.Expression, environment: Environment) -> bool:
    """Whether an argument is a function of this function, whose call may do anything to what is around it."""
    match node:
        case nodes.Lambda() as function:
            return _changes_something(as_function(function), environment)
        case nodes.Name(id=name) if name in environment.functions:
            return _changes_something(environment.functions[name], environment)
        case nodes.Attribute(value=nodes.Name(id=name)) if name == environment.self_name and environment.facts:
            return node.attribute in environment.facts.methods or node.attribute in environment.facts.submodules
    return False


def disturbs(writes: Writes, reads: Reads, environment: Environment) -> bool:
    """Whether what is read may be another value once `writes` have happened."""
    if writes.names & reads.names:
        return True
    if not writes.changes_objects or not (reads.objects or reads.loose):
        return False
    evidence = Evidence(environment)
    read = {name for name in reads.objects if not evidence.is_array(name)}
    read |= {name for name in reads.loose if evidence.is_container(name)}
    if writes.anything and read:
        return True
    if read & writes.own:
        return True
    written = {name for name in writes.objects if not evidence.is_array(name)}
    written |= {name for name in writes.own if not evidence.is_unshared(name)}
    apart = {environment.self_name, _OUTSIDE}
    return bool(read & written) or bool(read - apart and written - apart)


# --- Reads ------------------------------------------------------------------------------------------------------------


def reads(node: nodes.Expression, environment: Environment, pure: frozenset[str] = frozenset()) -> Reads:
    """What evaluating `node` reads that something else may change; functions of the names in `pure` only compute."""
    found = list(_contents(node, environment, pure))
    strict, loose = (
        frozenset(_place(name, environment) for name, is_loose in found if is_loose is kind) for kind in (False, True)
    )
    return Reads(names_read(node), strict, loose)


def _place(name: str, environment: Environment) -> str:
    """A local, or the outside for what the file binds."""
    is_global = name not in environment.local and name != environment.self_name
    return _OUTSIDE if is_global and environment.qualified(name) is not None else name


def _contents(node: nodes.Node, environment: Environment, pure: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The names through which `node` reads the inside of objects, and whether an array has no inside there."""
    match node:
        case nodes.Subscript(value=value):
            yield from ((name, False) for name in _owners(value, environment))
        case nodes.Attribute() if _is_of_a_module(node, environment):
            return
        case nodes.Attribute(value=value, attribute=attribute) if attribute not in callees.STATIC_ATTRIBUTES:
            yield from ((name, False) for name in _owners(value, environment))
            if attribute == "value" and environment.self_name:  # a variable, which methods of the module may store
                yield environment.self_name, False
        case nodes.Starred(value=value):
            yield from ((name, False) for name in _owners(value, environment))
        case nodes.Call(function=function, arguments=arguments) if root_name(function) in pure:
            yield from _operands([argument.value for argument in arguments], True)
            for argument in arguments:
                yield from _contents(argument.value, environment, pure)
            return
        case nodes.Call(function=nodes.Attribute(value=receiver)):
            yield from ((name, False) for name in _owners(receiver, environment))
            yield from _operands([item.value for item in node.arguments], True)
        case nodes.Call():
            is_rule = isinstance(callee_of(node, environment), callees.RuleCall)
            yield from _operands([item.value for item in node.arguments], is_rule)
        case nodes.Clause(iterable=iterable):
            yield from _operands([iterable], False)
        case nodes.Lambda(parameters=parameters):
            for item in parameters:
                if item.default is not None:
                    yield from _contents(item.default, environment, pure)
            return
        case nodes.Unary() | nodes.Binary() | nodes.Comparison() | nodes.Boolean() | nodes.FormattedString():
            yield from _operands(nodes.children(node), True)
    for child in nodes.children(node):
        yield from _contents(child, environment, pure)


def _is_of_a_module(node: nodes.Attribute, environment: Environment) -> bool:
    """Whether `node` is `jnp.pi`, a name of another file, which nobody rebinds."""
    root = root_name(node)
    qualified = environment.global_name(root) if root is not None and dotted(node) is not None else None
    return qualified is not None and environment.kind(qualified) != "value"


def _operands(parts: Iterable[nodes.Node], loose: bool) -> Iterator[tuple[str, bool]]:
    return ((part.id, loose) for part in parts if isinstance(part, nodes.Name))


def _owners(value: nodes.Expression, environment: Environment) -> Iterator[str]:
    """The names that lead to an object; a module's own fields do not change."""
    root = root_name(value)
    if root is not None and root == environment.self_name:
        return
    yield from (root,) if root is not None else names_read(value)


# --- Writes -----------------------------------------------------------------------------------------------------------


def writes(node: nodes.Node, environment: Environment) -> Writes:
    """What evaluating the expression, or running the statement, may change."""
    names = frozenset(_bound(node)) | _rebound_by_calls(node, environment)
    found = frozenset(_changed(node, environment))
    own = frozenset(name.removeprefix(_OWN) for name in found if name.startswith(_OWN))
    objects = frozenset(name for name in found if not name.startswith("<") or name == _OUTSIDE)
    return Writes(names, objects, own, _ANYTHING in found)


def _rebound_by_calls(node: nodes.Node, environment: Environment) -> frozenset[str]:
    """The names that functions of this function may bind again, if any may be called."""
    functions = [part for statement in environment.around for part in nodes.walk(statement)]
    rebound = frozenset(name for part in functions if isinstance(part, nodes.Nonlocal) for name in part.names)
    calls = (part for part in nodes.walk(node) if isinstance(part, nodes.Call)) if rebound else ()
    return rebound if any(_may_call(call, environment) for call in calls) else frozenset()


def _may_call(call: nodes.Call, environment: Environment) -> bool:
    """Whether a call may call a function that is nested in this one."""
    kind = callee_of(call, environment)
    if isinstance(kind, callees.RuleCall | callees.AtUpdate | callees.Static | callees.Construct):
        return any(_is_closure(argument.value, environment) for argument in call.arguments)
    return True


_ANYTHING, _OWN = "<anything>", "<own>"


def _bound(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Lambda():
            return
        case nodes.NamedExpression(target=target):
            yield target.id
        case nodes.Assign(targets=targets) | nodes.Delete(targets=targets):
            for target in targets:
                yield from target_names(target)
        case nodes.AugmentedAssign(target=target):
            yield from target_names(target)
    for child in nodes.children(node):
        yield from _bound(child)


def _changed(node: nodes.Node, environment: Environment) -> Iterator[str]:
    """The names through which `node` changes objects; `_ANYTHING` where nobody knows."""
    match node:
        case nodes.Lambda() | nodes.Function():
            return
        case nodes.Comprehension():
            environment = inside_comprehension(node, environment)
        case nodes.Call():
            yield from _changed_by(node, environment)
        case nodes.Assign(targets=targets):
            for target in targets:
                yield from _stored_in(target, environment)
        case nodes.AugmentedAssign(target=target):
            yield from _stored_in(target, environment)
            if isinstance(target, nodes.Name):
                yield target.id
        case nodes.Delete(targets=targets):
            for target in targets:
                yield from _stored_in(target, environment)
    for child in nodes.children(node):
        yield from _changed(child, environment)


def _stored_in(target: nodes.Expression, environment: Environment) -> Iterator[str]:
    for part in nodes.walk(target):
        if isinstance(part, nodes.Subscript | nodes.Attribute):
            yield from _in_owner(part.value, environment)


def _in_owner(node: nodes.Expression, environment: Environment) -> Iterator[str]:
    """The names through which the object `node` itself is changed."""
    if isinstance(node, nodes.Name) and _place(node.id, environment) == node.id:
        yield _OWN + node.id
    else:
        yield from (_place(name, environment) for name in names_read(node))


def _changed_by(call: nodes.Call, environment: Environment) -> Iterator[str]:
    """What a call changes itself, its arguments aside: a layer of Flax changes nothing but its own variables."""
    kind = callee_of(call, environment)
    function = call.function
    if any(_is_closure(item.value, environment) for item in call.arguments):
        yield _ANYTHING
    computes = isinstance(kind, callees.RuleCall | callees.AtUpdate)
    if isinstance(function, nodes.Attribute) and function.attribute in CHANGES and not computes:
        yield from _in_owner(function.value, environment)
        return
    match kind:
        case callees.LocalFunction(name=name):
            if _changes_something(environment.functions[name], environment):
                yield _ANYTHING
        case callees.RuleCall() | callees.AtUpdate() | callees.Parameter() | callees.Variable() | callees.Construct():
            return
        case callees.ContainerRead() | callees.Mutation() | callees.Static() | callees.Partial():
            return
        case callees.Structural(name=name) if name != "next":
            return
        case _:
            if not _is_of_flax(call, kind, environment):
                yield from _reached(call, kind, environment)


def _is_of_flax(call: nodes.Call, kind: callees.Callee, environment: Environment) -> bool:
    """Whether what is called is known to leave its arguments as they are: a layer of Flax, a function of JAX."""
    name = dotted(call.function)
    qualified = environment.global_name(name) if name else None
    known = instances.instance_class(call.function, environment) or qualified or ""
    if isinstance(kind, callees.Followed) and not known:
        known = kind.what
    return known.startswith(("flax.linen.", "jax.", "numpy.", "einops."))


def _reached(call: nodes.Call, kind: callees.Callee, environment: Environment) -> Iterator[str]:
    """Everything that an unknown function can get hold of."""
    if any(_changes_something(function, environment) for function in _closures(environment)):
        yield _ANYTHING
    parts = [call.function, *(item.value for item in call.arguments)]
    yield from (_place(name, environment) for part in parts for name in _given(part))
    if callees.is_super(call.function.value if isinstance(call.function, nodes.Attribute) else call.function):
        yield environment.self_name or _OUTSIDE
    is_function = (
        isinstance(kind, callees.Followed | callees.External)
        and instances.instance_class(call.function, environment) is None
    )
    if is_function or isinstance(kind, callees.Unknown):
        yield _OUTSIDE


def _given(node: nodes.Node) -> Iterator[str]:
    """The names whose objects an argument may hand over: of `x.shape` none."""
    match node:
        case nodes.Attribute(attribute=attribute) if attribute in callees.STATIC_ATTRIBUTES:
            return
        case nodes.Name(id=name):
            yield name
        case nodes.Lambda():
            return
        case _:
            for child in nodes.children(node):
                yield from _given(child)


def _closures(environment: Environment) -> Iterator[nodes.Function]:
    yield from environment.functions.values()
    for statement in environment.around:
        yield from (as_function(node) for node in nodes.walk(statement) if isinstance(node, nodes.Lambda))


def _changes_something(function: nodes.Function, environment: Environment) -> bool:
    """Whether a nested function changes an object that is not its own."""
    others = {name: other for name, other in environment.functions.items() if other is not function}
    inside = function_environment(function, replace(environment, functions=others))
    inside = replace(inside, around=())
    own = frozenset(fresh(function))
    changed = (name for statement in function.body for name in _changed(statement, inside))
    return any(name.removeprefix(_OWN) not in own for name in changed)
