"""What a decorator does to a function: nothing, nothing to what it computes, or nobody knows what.

A custom derivative is none of the source's business, and any other decorator may bring one. So a function is judged by
its body only under decorators that are known.
"""

from __future__ import annotations

from jvpgen.analysis.environment import Environment
from jvpgen.ir import nodes
from jvpgen.ir.scoping import dotted

_MARKS = frozenset(
    "flax.linen.compact flax.linen.module.compact flax.linen.nowrap flax.linen.module.nowrap builtins.staticmethod "
    "builtins.classmethod builtins.property functools.cached_property typing.override typing_extensions.override "
    "typing.final abc.abstractmethod".split()
)  # the function itself stays what it is
_SAME_RESULTS = _MARKS | frozenset(
    "functools.cache functools.lru_cache typing.overload "
    "typing.no_type_check typing_extensions.final jax.jit jax.named_call jax.checkpoint jax.remat "
    "jax.ad_checkpoint.checkpoint jax.profiler.annotate_function jaxtyping.jaxtyped beartype.beartype "
    "flax.linen.jit flax.linen.transforms.jit flax.linen.remat flax.linen.transforms.remat "
    "flax.linen.checkpoint flax.linen.transforms.checkpoint".split()
)  # what it returns, and how that moves, is what its body says


def unknown_decorator(node: nodes.Expression, outer: Environment) -> str | None:
    """The name of a decorator that may change what the function is; None for those that do not."""
    function = node.function if isinstance(node, nodes.Call) else node
    name = dotted(function)
    return None if _is_among(_MARKS, name, outer) else name or "a decorator"


def keeps_results(node: nodes.Expression, outer: Environment) -> bool:
    """Whether a decorator leaves what the function returns to its body: `@jax.jit`, `@partial(jax.jit, …)`."""
    match node:
        case nodes.Call(function=function, arguments=(first, *_)) if _is_among(_PARTIAL, dotted(function), outer):
            return keeps_results(first.value, outer)
        case nodes.Call(function=function):
            return _is_among(_SAME_RESULTS, dotted(function), outer)
        case nodes.Attribute(attribute="setter" | "getter" | "deleter"):  # of a property
            return True
    return _is_among(_SAME_RESULTS, dotted(node), outer)


_PARTIAL = frozenset(("functools.partial",))


def _is_among(known: frozenset[str], name: str | None, outer: Environment) -> bool:
    qualified = outer.global_name(name) if name else None
    return qualified in known or (qualified or "").startswith("jvpgen.")
