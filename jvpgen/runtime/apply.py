"""`apply_jvp`: `Module.apply` and its derivative in one call.

The module is applied by Flax itself, to its variables and to the tangents as shadow collections beside them; generated
bodies take the place of its methods. Tangents are checked on the way in, and completed on the way out.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax

from jvpgen.runtime import boundary, live, missing, runs, shadows
from jvpgen.runtime.errors import NotGenerated
from jvpgen.runtime.generated import find_body
from jvpgen.runtime.interceptor import intercepted
from jvpgen.runtime.narrow import check_only
from jvpgen.runtime.pair import Pair, is_pair
from jvpgen.runtime.pushforward import push
from jvpgen.runtime.registry import exact_function, is_opaque
from jvpgen.runtime.siblings import load_siblings
from jvpgen.runtime.zero import Zero, is_zero


def apply_jvp(
    module: nn.Module,
    variables: Mapping[str, Any],
    primals: Sequence[Any],
    tangents: Sequence[Any] | None,
    variable_tangents: Mapping[str, Any] | None = None,
    *,
    rngs: Any = None,
    mutable: Any = False,
    method: Any = None,
    update_tangents: bool = False,
    capture_intermediates: Any = False,
    only: Sequence[str] | None = None,
    keywords: Mapping[str, Any] | Pair | None = None,
    **kwargs: Any,
) -> Any:
    """`module.apply(variables, *primals, **kwargs)` and its tangent.

    Args:
      tangents: one for each primal; None is zero, and so is None instead of all of them. Parts of a tree may be None.
      variable_tangents: tangents by collection, with the structure of `variables` or parts of it; the rest is zero.
      update_tangents: also return the tangents of the updated collections.
      kwargs: keyword arguments of the method. They are constants, unless they are `Pair(primal, tangent)`.
      keywords: more of them, as a mapping or as a Pair of the mapping and its tangents: for names that are taken here.
      only: patterns of the variables that may have tangents (`params/**/lora_*`); others raise ValueError.
      rngs, mutable, method, capture_intermediates: as in `Module.apply`.

    Returns:
      `(y, y_dot)`; with mutable collections `(y, y_dot, updates)`, or `(y, y_dot, updates, updates_dot)`.
    """
    function = _checked_method(module, method)
    if only is not None:
        check_only(only, variable_tangents)
    args = boundary.arguments(primals, tangents)
    named = boundary.named_arguments(kwargs, keywords)
    suffix = shadows.free_suffix([*variables, *shadows.names_in_filter(mutable)])
    bound_variables = with_shadows(variables, variable_tangents, suffix)

    def call(bound: nn.Module) -> tuple[Any, Any]:
        assert bound.scope is not None
        shadows.mark_suffix(bound.scope, suffix)
        return push(_method_of(bound, method, function), args, named)

    with intercepted(), live.remembered(), runs.apart():
        result = module.apply(
            bound_variables,
            rngs=rngs,
            mutable=shadows.extended_filter(mutable, suffix),
            method=call,
            capture_intermediates=capture_intermediates,
        )
    if mutable is False and not capture_intermediates:
        return boundary.completed(*result)
    (out, out_dot), updated = result
    updates, updates_dot = _split_updates(updated, suffix)
    outputs = (*boundary.completed(out, out_dot), updates)
    return (*outputs, boundary.materialised(updates_dot, updates)) if update_tangents else outputs


# --- Variables --------------------------------------------------------------------------------------------------------


def with_shadows(variables: Mapping[str, Any], tangents: Mapping[str, Any] | None, suffix: str) -> dict[str, Any]:
    """The variables, and beside each collection that moves its tangents."""
    found = {name: boundary.array_leaves(tree) for name, tree in variables.items()}
    for name, tangent in (tangents or {}).items():
        if name not in variables:
            if tangent is None or not jax.tree.leaves(tangent):
                continue
            raise ValueError(f"variable_tangents[{name!r}]: no such collection; variables has {list(variables)}")
        _, checked = boundary.checked(tangent, found[name], f"variable_tangents[{name!r}]")
        stored = shadows.sparse(checked, found[name])
        if stored:
            found[name + suffix] = stored
    return found


# --- The method -------------------------------------------------------------------------------------------------------


def _checked_method(module: nn.Module, method: Any) -> Any:
    """The function that will be differentiated; raises when there is no generated code for a method of the user's."""
    if method is None:
        function = exact_function(type(module))
    elif isinstance(method, str):
        attribute = getattr(type(module), method, None)
        if attribute is None:
            return None  # a submodule, or an error that Flax words better
        function = exact_function(attribute)
    else:
        function = exact_function(method)
    if find_body(function) is None and not missing.is_flax(function):
        load_siblings(type(module))
        if find_body(function) is None and not is_opaque(function):
            raise NotGenerated(missing.of_module(type(module), function))
    return function


def _method_of(bound: nn.Module, method: Any, function: Any) -> Any:
    if method is None:
        return bound
    if isinstance(method, str):
        attribute = getattr(bound, method)
        if not callable(attribute):
            raise TypeError(f"'{type(bound).__name__}.{method}' must be a callable, got {type(attribute)}.")
        return attribute
    target = method.__func__ if isinstance(method, types.MethodType) else method
    return types.MethodType(target, bound)


# --- Updates ----------------------------------------------------------------------------------------------------------


def _split_updates(updated: Mapping[str, Any], suffix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The updated collections as the user knows them, and their tangents. Captured intermediates arrive as Pairs."""
    updates, updates_dot = {}, {}
    for name, tree in updated.items():
        if name.endswith(suffix):
            continue
        tangents = jax.tree.map(lambda leaf: leaf.tangent if is_pair(leaf) else None, tree, is_leaf=is_pair)
        plain = jax.tree.map(lambda leaf: leaf.primal if is_pair(leaf) else leaf, tree, is_leaf=is_pair)
        updates[name] = plain
        stored = shadows.filled(updated.get(name + suffix), plain)
        updates_dot[name] = _either(tangents, stored)
    return updates, updates_dot


def _either(captured: Any, stored: Any) -> Any:
    """Tangents that were stored, and those that were captured with their primals."""
    if isinstance(captured, Mapping) and isinstance(stored, Mapping):
        return {key: _either(captured.get(key), item) for key, item in stored.items()}
    if isinstance(captured, list | tuple) and isinstance(stored, list | tuple) and len(captured) == len(stored):
        return [_either(c, s) for c, s in zip(captured, stored, strict=True)]
    return stored if not jax.tree.leaves(captured, is_leaf=_is_zero) or is_zero(captured) else captured


def _is_zero(leaf: Any) -> bool:
    return isinstance(leaf, Zero)
