"""What a decorator does to a function: nothing, nothing to what it computes, or nobody knows what.

A custom derivative is none of the source's business, and any other decorator may bring one. So a function is judged by
its body only under decorators that are known.
"""

from __future__ import annotations

from jvpgen.analysis.control import LIFTS
from jvpgen.analysis.custom_vjp import CUSTOM_VJP
from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted
from jvpgen.rules.reading import NO_TANGENT

_MARKS = frozenset(
    "flax.linen.compact flax.linen.module.compact flax.linen.nowrap flax.linen.module.nowrap builtins.staticmethod "
    "builtins.classmethod builtins.property functools.cached_property typing.override typing_extensions.override "
    "typing.final abc.abstractmethod".split()
)  # the function itself stays what it is
_WRAPPERS = LIFTS | frozenset(
    "jax.jit jax.checkpoint jax.remat jax.ad_checkpoint.checkpoint jax.vmap jax.numpy.vectorize jax.shard_map".split()
)  # the same wrapper is put around the derivative when it runs
_SAME_RESULTS = (
    _MARKS
    | _WRAPPERS
    | frozenset(
        "functools.cache functools.lru_cache typing.overload typing.no_type_check typing_extensions.final "
        "jax.named_call jax.profiler.annotate_function jaxtyping.jaxtyped beartype.beartype".split()
    )
)  # what it returns, and how that moves, is what its body says
_OWN_RULE = frozenset(("jax.custom_jvp", "jax.custom_derivatives.custom_jvp"))


def unknown_decorator(node: nodes.Expression, outer: Environment) -> str | None:
    """The name of a decorator that may change what the function is; None for those that do not."""
    name = _decorator(node, outer)
    return None if _is_among(_MARKS | _WRAPPERS, name, outer) else name or "a decorator"


def wraps_derivative(node: nodes.Expression, outer: Environment) -> bool:
    """Whether a decorator wraps the function, and its derivative likewise."""
    return _is_among(_WRAPPERS, _decorator(node, outer), outer)


def has_own_rule(function: nodes.Function, outer: Environment) -> bool:
    """Whether a decorator gives the function a derivative, which is kept."""
    names = [_decorator(node, outer) for node in function.decorators]
    return any(name is not None and outer.global_name(name) in _OWN_RULE for name in names)


def is_custom_vjp(node: nodes.Expression, outer: Environment) -> bool:
    """Whether a decorator is `jax.custom_vjp`, or a partial of it."""
    name = _decorator(node, outer)
    return name is not None and outer.global_name(name) in CUSTOM_VJP


def drops_tangents(function: nodes.Function, outer: Environment) -> bool:
    """Whether a decorator says that what the function returns has no tangent."""
    names = [dotted(node) for node in function.decorators]
    return any(name is not None and outer.global_name(name) in NO_TANGENT for name in names)


def _decorator(node: nodes.Expression, outer: Environment) -> str | None:
    """The name of a decorator: of what is called, or of what is made a partial of."""
    match node:
        case nodes.Call(function=function, arguments=(first, *_)) if _is_partial(function, outer):
            return _decorator(first.value, outer)
        case nodes.Call(function=function):
            return dotted(function)
    return dotted(node)


def keeps_results(node: nodes.Expression, outer: Environment) -> bool:
    """Whether a decorator leaves what the function returns to its body: `@jax.jit`, `@partial(jax.jit, …)`."""
    match node:
        case nodes.Call(function=function, arguments=(first, *_)) if _is_partial(function, outer):
            return keeps_results(first.value, outer)
        case nodes.Call(function=function):
            return _is_among(_SAME_RESULTS, dotted(function), outer)
        case nodes.Attribute(attribute="setter" | "getter" | "deleter"):  # of a property
            return True
    return _is_among(_SAME_RESULTS, dotted(node), outer)


def _is_partial(function: nodes.Expression, outer: Environment) -> bool:
    name = dotted(function)
    return name is not None and outer.global_name(name) == "functools.partial"


def _is_among(known: frozenset[str], name: str | None, outer: Environment) -> bool:
    qualified = outer.global_name(name) if name else None
    return qualified in known or (qualified or "").startswith("jvpgen.")
