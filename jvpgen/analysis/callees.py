"""What a call calls, as far as the text tells: the classification that activity, the transform and the report share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from jvpgen.analysis import control, instances, records
from jvpgen.analysis.environment import Environment
from jvpgen.analysis.filling import MUTATORS
from jvpgen.analysis.values import Called
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.rules import Rule, lookup

STATIC_BUILTINS = frozenset(
    "len range isinstance issubclass hasattr callable int bool str type id print repr format hash float set frozenset "
    "slice vars dir object property any all ord chr bytes super ValueError TypeError NotImplementedError RuntimeError "
    "AssertionError KeyError AttributeError IndexError Exception UserWarning DeprecationWarning".split()
)
STRUCTURAL_BUILTINS = frozenset("tuple list dict zip enumerate reversed sum sorted next iter map filter".split())

STATIC_MODULE_METHODS = frozenset(
    "make_rng has_variable has_rng is_initializing is_mutable_collection copy clone bind unbind lazy_init init "
    "init_with_output tabulate module_paths".split()
)
STATE_METHODS = frozenset("sow put_variable get_variable perturb".split())

REMOVERS = frozenset("pop popitem popleft".split())
CONTAINER_READS = frozenset("get items values keys copy index count".split())
TEXT_METHODS = frozenset(
    "rsplit startswith endswith strip lstrip rstrip lower upper rpartition isdigit splitlines removeprefix "
    "removesuffix zfill as_posix is_integer".split()
)  # no module has a method of these names
STATIC_METHODS = TEXT_METHODS | frozenset(
    "get items values keys copy index count append extend insert update setdefault add pop remove clear sort reverse "
    "split join format replace partition title encode decode union intersection difference symmetric_difference "
    "issubset issuperset discard popitem find".split()
)  # of text, lists, dicts and sets; a module may have its own, and then they are those
_PARTNERED = frozenset(
    "functools.reduce jax.tree.map jax.tree.leaves jax.tree.flatten jax.tree.unflatten jax.tree.structure "
    "jax.tree_util.tree_map jax.tree.map_with_path jax.tree_util.tree_map_with_path jax.tree_util.tree_leaves "
    "jax.tree_util.tree_flatten jax.tree_util.tree_unflatten "
    "jax.tree_util.tree_structure jax.tree.reduce jax.tree_util.tree_reduce copy.copy copy.deepcopy collections.deque "
    "types.SimpleNamespace flax.core.freeze flax.core.unfreeze flax.core.FrozenDict flax.core.frozen_dict.freeze "
    "flax.core.frozen_dict.unfreeze flax.core.frozen_dict.FrozenDict builtins.max builtins.min builtins.getattr "
    "opt_einsum.parser.parse_einsum_input dataclasses.replace".split()
)  # the runtime does to tangents what these do to values
_FUNCTION_MAKERS = frozenset(
    "jax.linear_transpose jax.fwd_and_bwd jax.closure_convert "
    "jax.custom_derivatives.closure_convert flax.core.lift.vjp".split()
)  # what they return, or a part of it, is called later, and holds what they are given
_PARTIALS = frozenset(("functools.partial", "jax.tree_util.Partial"))
_OF_CURRENT_MODULE = frozenset(
    ("flax.linen.partitioning.param_with_axes", "flax.linen.partitioning.variable_with_axes")
)  # they find the module around them without being given it
_WITHOUT_MODULES = sys.stdlib_module_names | frozenset(
    "jax jaxlib numpy scipy builtins einops optax chex absl ml_collections ml_dtypes jaxtyping typing_extensions "
    "flax jvpgen opt_einsum tqdm".split()
)  # packages whose functions use no module that they are not given
_TELLS = frozenset("jax.tree_util.keystr jax.eval_shape jax.typeof jax.tree.all jax.tree_util.tree_all".split())
USES_MODULES = frozenset(
    "jvpgen.jvp jvpgen.runtime.jvp.jvp flax.linen.transforms.cond flax.linen.transforms.switch "
    "flax.linen.transforms.while_loop flax.linen.transforms.jvp flax.linen.transforms.vjp flax.linen.transforms.grad "
    "flax.linen.transforms.value_and_grad".split()
)  # they are given a module, whatever else
_ONLY_TELLS = frozenset("warnings logging inspect time os sys re pprint typing".split())
STATIC_ATTRIBUTES = frozenset(
    "shape dtype ndim size sharding itemsize nbytes weak_type aval __class__ __name__".split()
)
STATIC_SELF_ATTRIBUTES = frozenset("name parent scope path variables __class__ __dict__".split())
OF_EVERY_MODULE = STATIC_SELF_ATTRIBUTES | STATIC_MODULE_METHODS | STATE_METHODS | {"param", "variable"}


@dataclass(frozen=True)
class RuleCall:
    """A function, method or operator whose derivative the table knows; `receiver` is the array of a method call.

    `misfit` says why the rule is none for this very call, if it is not.
    """

    rule: Rule
    receiver: nodes.Expression | None = None
    misfit: str = ""


@dataclass(frozen=True)
class AtUpdate:
    """`operand.at[index].method(values)`."""

    rule: Rule | None
    operand: nodes.Expression
    index: nodes.Expression


@dataclass(frozen=True)
class Structural:
    """A builtin that rearranges containers: its tangent is the same builtin on the tangents."""

    name: str


@dataclass(frozen=True)
class Parameter:
    """`receiver.param(…)`."""

    receiver: nodes.Expression


@dataclass(frozen=True)
class Variable:
    """`receiver.variable(…)`."""

    receiver: nodes.Expression


@dataclass(frozen=True)
class Mutation:
    """`container.append(…)` and its like: done to the container and to its tangent."""

    container: nodes.Expression
    method: str


@dataclass(frozen=True)
class ContainerRead:
    """`container.get(…)`, `.items()`, `.pop(…)`: the same method on the container's tangent."""

    container: nodes.Expression
    method: str


@dataclass(frozen=True)
class Static:
    """Nothing that is called here carries a derivative: evaluated as the user wrote it."""


@dataclass(frozen=True)
class Construct:
    """A class is called: a module, a struct, or a partial of one."""

    qualified: str


@dataclass(frozen=True)
class Partial:
    """`functools.partial(…)`, or JAX's own, which is a tree of what it holds."""

    is_tree: bool = False


@dataclass(frozen=True)
class LocalFunction:
    """A function nested in this one."""

    name: str


@dataclass(frozen=True)
class Followed:
    """A function or a module's method whose source is read: decided at compile time. `what` names it for the report."""

    what: str
    returns_active: bool = True


@dataclass(frozen=True)
class External:
    """A function of another package, without a rule; or one with a `jax.custom_vjp`, which is refused."""

    qualified: str
    custom_vjp: bool = False


@dataclass(frozen=True)
class Unknown:
    """Known only at run time: a field, a local value, the result of another call."""

    what: str


Callee: TypeAlias = (
    RuleCall
    | AtUpdate
    | Structural
    | Parameter
    | Variable
    | Mutation
    | ContainerRead
    | Static
    | Construct
    | Partial
    | LocalFunction
    | Followed
    | External
    | Unknown
)


IsActive: TypeAlias = Callable[[nodes.Expression, Environment], bool]


def classify(call: nodes.Call, environment: Environment, is_active: IsActive) -> Callee:
    """What `call` calls; whether a receiver may carry a tangent is asked of `is_active`."""
    function = call.function
    if isinstance(function, nodes.Name):
        if function.id in environment.functions:
            return LocalFunction(function.id)
        if function.id in environment.constructors:
            return Construct(function.id)
        if function.id in environment.local:
            known = environment.instances.get(function.id)
            return Followed(known) if known else Unknown(function.id)
    name = dotted(function)
    qualified = environment.global_name(name) if name else None
    if qualified is not None and not _mutates_a_value(function, environment):
        if control.reduces_by_own(call, qualified, environment):
            return Followed(qualified, returns_active=False)
        active = any(is_active(argument.value, environment) for argument in call.arguments)
        return _global_callee(qualified, environment, active)
    if isinstance(function, nodes.Attribute):
        return _method_callee(call, function, environment, is_active)
    return Unknown(_describe(function))


def _mutates_a_value(function: nodes.Expression, environment: Environment) -> bool:
    """Whether a method such as `append` of a value of the file is called: of a list or dict, as a rule."""
    match function:
        case nodes.Attribute(value=container, attribute=method) if method in MUTATORS:
            name = dotted(container)
            qualified = environment.global_name(name) if name else None
            return qualified is not None and environment.kind(qualified) == "value"
    return False


def _describe(function: nodes.Expression) -> str:
    return dotted(function) or type(function).__name__.lower()


def _global_callee(qualified: str, environment: Environment, active: bool) -> Callee:
    """What a name of the file calls; `active` says whether an argument may carry a tangent."""
    own = environment.rule_of(qualified)
    if own is not None:
        return RuleCall(own)
    if environment.has_custom_vjp(qualified):
        is_refused = environment.custom_vjp == "error"
        return External(qualified, custom_vjp=True) if is_refused else Followed(qualified, returns_active=False)
    if qualified in _PARTNERED or qualified in control.PARTNERED:
        return Followed(qualified, returns_active=False)
    package, _, name = qualified.rpartition(".")
    if qualified in _TELLS or package == "jax.debug":
        return Static()
    if package == "builtins" and name in STRUCTURAL_BUILTINS:
        return Structural(name)
    rule = lookup(qualified)
    if rule is not None and (rule.kind == "constant" or not qualified.startswith("numpy.")):
        return RuleCall(
            rule
        )  # NumPy takes no tracers: what it does to an active value is decided, or refused, at run time
    if package == "builtins":
        return Static() if name in STATIC_BUILTINS else External(qualified)
    if qualified in _PARTIALS:
        return Partial(is_tree=qualified != "functools.partial")
    kind = environment.kind(qualified)
    if kind == "value" and (called := environment.value_calls(qualified)) is not None:
        return _value_callee(qualified, called, environment, active)
    if kind in ("module_class", "struct", "class"):
        return Construct(qualified)
    if kind == "function":
        return Static() if environment.is_static_function(qualified) else Followed(qualified, returns_active=False)
    if qualified.split(".")[0] in sys.stdlib_module_names:
        return Static() if qualified.split(".")[0] in _ONLY_TELLS or not active else External(qualified)
    if qualified in control.LIFTS:
        return Construct(qualified)
    if qualified.startswith("flax.linen."):  # derived from the flax that is installed, on first use
        return Followed(qualified, returns_active=qualified in _OF_CURRENT_MODULE)
    return External(qualified)


def _value_callee(qualified: str, called: Called, environment: Environment, active: bool) -> Callee:
    """What a value of a file calls, which is a function by another name, or one that is wrapped."""
    inner = _global_callee(called.qualified, environment, active)
    match inner:
        case Construct():
            return inner
        case External(custom_vjp=custom_vjp) if called.wrapped:
            return External(qualified, custom_vjp)
        case Followed(returns_active=returns_active):
            return Followed(qualified, returns_active)
    return Followed(qualified, returns_active=False) if called.wrapped else inner


def _method_callee(
    call: nodes.Call, function: nodes.Attribute, environment: Environment, is_active: IsActive
) -> Callee:
    receiver, method = function.value, function.attribute
    if is_super(receiver) and method == "setup":  # Flax calls it, and the runtime sees to its body
        return Static()
    if is_super(receiver):
        return Followed(f"super().{method}")
    at_update = _at_update(function)
    if at_update is not None:
        return at_update
    if method in ("param", "variable") and call.arguments:
        return Parameter(receiver) if method == "param" else Variable(receiver)
    of_self = isinstance(receiver, nodes.Name) and receiver.id == environment.self_name
    is_own = of_self or records.is_undeclared(function, environment)
    if method in STATIC_MODULE_METHODS and (is_own or not is_active(receiver, environment)):
        moves = any(is_active(argument.value, environment) for argument in call.arguments)
        return Followed(f"Module.{method}") if moves or method == "unbind" else Static()
    if of_self:
        return _self_callee(method, environment)
    if method in STATE_METHODS:
        return Followed(f"Module.{method}", returns_active=True)
    if is_active(receiver, environment):
        if records.has_own_method(receiver, method, environment):
            return Unknown(f".{method}")
        if method in TEXT_METHODS:  # a key of a dict, say
            return Static()
        return _method_of_active(receiver, method, call)
    if instances.is_module(receiver, environment):
        module = instances.instance_class(receiver, environment)
        return Followed(f"{module}.{method}") if module else Unknown(_describe(function))
    rule = lookup(f"array.{method}")
    if rule is not None and method not in ("copy", "sort", "index", "count"):
        return RuleCall(rule, receiver)
    if method in STATIC_METHODS and (
        method in TEXT_METHODS or _keeps_no_tangent(call, receiver, environment, is_active)
    ):
        return Static()
    return Unknown(_describe(function))


def _keeps_no_tangent(
    call: nodes.Call, receiver: nodes.Expression, environment: Environment, is_active: IsActive
) -> bool:
    """Whether a method named like one of a list's or a text's may be taken for that: it is given nothing active."""
    if isinstance(receiver, nodes.Constant | nodes.FormattedString):
        return True
    if not (isinstance(call.function, nodes.Attribute) and _fits_container(call, call.function.attribute)):
        return False
    return not any(is_active(argument.value, environment) for argument in call.arguments)


def map_as_comprehension(node: nodes.Call, taken: frozenset[str] = frozenset()) -> nodes.Comprehension | None:
    """`map(f, xs, ys)` as `(f(item, other) for item, other in zip(xs, ys))`, in names that are not `taken`."""
    if len(node.arguments) < 2 or any(argument.star or argument.keyword for argument in node.arguments):
        return None
    function, *iterables = (argument.value for argument in node.arguments)
    names: tuple[nodes.Expression, ...] = tuple(map(nodes.Name, _item_names(len(iterables), taken)))
    element: nodes.Expression
    match function:
        case nodes.Lambda(parameters=parameters, body=body) if _takes(parameters, len(names)):
            names, element = tuple(map(nodes.Name, parameters.names())), body
        case _:
            element = nodes.Call(function, tuple(map(nodes.Argument, names)), span=node.span)
    if len(names) == 1:
        clause = nodes.Clause(names[0], iterables[0])
    else:
        zipped = nodes.Call(nodes.Name("zip"), tuple(map(nodes.Argument, iterables)))
        clause = nodes.Clause(nodes.TupleDisplay(names), zipped)
    return nodes.Comprehension("generator", element, (clause,), span=node.span)


def _item_names(count: int, taken: frozenset[str]) -> list[str]:
    names = []
    for position in range(count):
        name = f"item_{position}" if position else "item"
        while name in taken:
            name += "_"
        names.append(name)
    return names


def _takes(parameters: nodes.Parameters, count: int) -> bool:
    """Whether a lambda just takes so many arguments by position."""
    plain = all(item.kind == "positional" and item.default is None for item in parameters)
    return plain and len(parameters.items) == count


_NO_ARGUMENTS = frozenset("items keys values popitem popleft clear reverse".split())
_SOME_ARGUMENTS = frozenset("get index count append extend insert setdefault add remove discard".split())


def _fits_container(call: nodes.Call, method: str) -> bool:
    """Whether a list or dict takes a call with so many arguments: if not, the method is that of another class."""
    if any(argument.star for argument in call.arguments):
        return True
    return method not in (_SOME_ARGUMENTS if not call.arguments else _NO_ARGUMENTS)


def _method_of_active(receiver: nodes.Expression, method: str, call: nodes.Call) -> Callee:
    if not _fits_container(call, method) and lookup(f"array.{method}") is None:
        return Unknown(f".{method}")
    if method in MUTATORS:
        return Mutation(receiver, method)
    rule = lookup(f"array.{method}")
    if rule is not None and method not in CONTAINER_READS | REMOVERS:
        return RuleCall(rule, receiver)
    if method in CONTAINER_READS | REMOVERS:
        return ContainerRead(receiver, method)
    return Unknown(f".{method}")


def _self_callee(method: str, environment: Environment) -> Callee:
    facts = environment.facts
    if method in STATE_METHODS:
        return Followed(f"Module.{method}", returns_active=True)
    if facts is not None:
        if method in facts.static_methods:
            return Static()
        if method in facts.methods:
            return Followed(f"self.{method}")  # a subclass may override it
        if method in facts.class_fields:
            return Construct(f"self.{method}")
        if method in facts.fields:
            return Unknown(f"self.{method}")
        if method in facts.attributes:
            return Followed(f"self.{method}")
    return Unknown(f"self.{method}")


def _at_update(function: nodes.Attribute) -> AtUpdate | None:
    match function:
        case nodes.Attribute(
            value=nodes.Subscript(value=nodes.Attribute(value=operand, attribute="at"), index=index), attribute=method
        ):
            return AtUpdate(lookup(f"array.at.{method}"), operand, index)
    return None


def makes_a_function(kind: Callee) -> bool:
    """Whether a call returns a function that holds what the call is given, and so the tangents of that."""
    match kind:
        case External(qualified=name) | Followed(what=name) | Construct(qualified=name):
            return name in _FUNCTION_MAKERS
        case RuleCall(rule=rule, misfit=misfit):
            return bool(misfit) and rule.name == "jax.nn.initializers.*"
    return False


def may_find_a_module(qualified: str, environment: Environment) -> bool:
    """Whether a function of a package that is not read may use the module around it, as Flax's context allows."""
    package = qualified.split(".")[0]
    is_outside = environment.kind(qualified) is None and package not in _WITHOUT_MODULES
    return is_outside and environment.facts is not None


def is_super(node: nodes.Expression) -> bool:
    match node:
        case nodes.Call(function=nodes.Name(id="super")):
            return True
    return False
