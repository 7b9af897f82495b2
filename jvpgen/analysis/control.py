"""JAX's control flow: which arguments are functions that are called with values and tangents, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted

_LIFTED_DERIVATIVES = frozenset(
    f"flax.linen.transforms.{name}" for name in ("jvp", "vjp", "grad", "value_and_grad")
)  # where derivatives need not commute, they call the function without tangents

_ROLES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "jax.lax.scan": {"step": (0, "f")},
    "jax.lax.map": {"function": (0, "f")},
    "jax.lax.associative_scan": {"combine": (0, "fn")},
    "jax.lax.while_loop": {"step": (1, "body_fun")},
    "jax.lax.fori_loop": {"step": (2, "body_fun")},
    "jax.lax.cond": {"true_branch": (1, "true_fun"), "false_branch": (2, "false_fun")},
    "jax.lax.switch": {"branch": (1, "branches")},
    "jax.lax.reduce": {"combine": (2, "computation")},
    "jax.lax.reduce_window": {"combine": (2, "computation")},
    "flax.linen.transforms.cond": {"true_branch": (1, "true_fun"), "false_branch": (2, "false_fun")},
    "flax.linen.transforms.switch": {"branch": (1, "branches")},
    "flax.linen.transforms.while_loop": {"step": (1, "body_fn")},
    **{f"flax.linen.transforms.{name}": {"function": (0, "fn")} for name in ("jvp", "vjp", "grad", "value_and_grad")},
}

_WRAPPERS = frozenset(
    "jax.vmap jax.checkpoint jax.remat jax.numpy.vectorize jax.shard_map".split()
)  # the same is put around the derivative

_MAKERS = _WRAPPERS | frozenset(
    "jax.grad jax.value_and_grad jax.jit jax.jacfwd jax.jacrev jax.jacobian jax.hessian".split()
)

_WITH_RULES = frozenset(("jax.lax.reduce", "jax.lax.reduce_window"))  # by functions that JAX knows

PARTNERED = (
    frozenset(_ROLES) - _WITH_RULES
    | _MAKERS
    | frozenset(
        "jax.jvp jax.vjp jax.linearize jax.lax.custom_root jax.lax.custom_linear_solve jax.scipy.sparse.linalg.cg "
        "jax.scipy.sparse.linalg.bicgstab jax.scipy.sparse.linalg.gmres".split()
    )
)


def reduces_by_own(call: nodes.Call, qualified: str, environment: Environment) -> bool:
    """Whether a call reduces by a function of the user's, which is called with tangents."""
    if qualified not in _WITH_RULES:
        return False
    names = [dotted(function) for function in called_functions(call, environment)]
    return not all(name and (environment.global_name(name) or "").startswith("jax.") for name in names)


def makes_function(call: nodes.Call, environment: Environment) -> bool:
    """Whether a call only makes a function of another, which carries its derivative: `jax.vmap(f)`."""
    name = dotted(call.function)
    return name is not None and environment.global_name(name) in _MAKERS


LIFTS = frozenset(
    [f"flax.linen.transforms.{name}" for name in "scan vmap checkpoint jit map_variables remat_scan fold_rngs".split()]
    + [f"flax.linen.partitioning.{name}" for name in "remat scan_with_axes vmap_with_axes".split()]
    + ["flax.linen.transforms.add_metadata_axis"]
)  # they make a class of a class, or a function of a function, and call nothing yet


def lifted_target(call: nodes.Call, environment: Environment) -> nodes.Expression | None:
    """What a call of a lifted transform makes another of; None for other calls."""
    name = dotted(call.function)
    if name is None or environment.global_name(name) not in LIFTS:
        return None
    first = call.arguments[0] if call.arguments else None
    return first.value if first is not None and not first.star else None


def module_parameters(function: nodes.Function, environment: Environment) -> frozenset[str]:
    """The first parameter of a function that a lifted transform calls with a module."""
    names = function.parameters.names()
    if (
        not names
        or not environment.around
        or not any(_lifts(node, function, environment) for node in _calls(environment))
    ):
        return frozenset()
    return frozenset(names[:1])


def _calls(environment: Environment) -> Iterator[nodes.Call]:
    for statement in environment.around:
        for node in nodes.walk(statement):
            if isinstance(node, nodes.Call):
                yield node


def _lifts(call: nodes.Call, function: nodes.Function, environment: Environment) -> bool:
    name = dotted(call.function)
    if name is None or not (environment.global_name(name) or "").startswith("flax.linen.transforms."):
        return False
    target = lifted_target(call, environment)
    return any(_is(given, function) for given in ([target] if target else called_functions(call, environment)))


def _is(given: nodes.Expression, function: nodes.Function) -> bool:
    match given, function.body:
        case nodes.Lambda(body=body), (nodes.Return(value=value),):
            return body is value
    return given == nodes.Name(function.name)


def wraps(call: nodes.Call, environment: Environment) -> bool:
    """Whether a call makes a function that calls its first argument, with tangents when it gets some."""
    name = dotted(call.function)
    return name is not None and environment.global_name(name) in _WRAPPERS


def function_roles(call: nodes.Call, environment: Environment) -> dict[int, str]:
    """The arguments of a call that its derivative calls with tangents, by position, each with what it is."""
    name = dotted(call.function)
    roles = _ROLES.get(environment.global_name(name) or "", {}) if name else {}
    return {
        place: role
        for place, argument in enumerate(call.arguments)
        for role, (position, keyword) in roles.items()
        if argument.keyword == keyword or (place == position and not argument.keyword and not argument.star)
    }


def calls_plainly_too(call: nodes.Call, environment: Environment) -> bool:
    """Whether a call may call the function that it is given without tangents as well."""
    name = dotted(call.function)
    return name is not None and environment.global_name(name) in _LIFTED_DERIVATIVES


def called_functions(call: nodes.Call, environment: Environment) -> Iterator[nodes.Expression]:
    """What stands in these places: functions, or each of a list of them."""
    for place in function_roles(call, environment):
        match call.arguments[place].value:
            case nodes.ListDisplay(elements=elements) | nodes.TupleDisplay(elements=elements):
                yield from elements
            case function:
                yield function
