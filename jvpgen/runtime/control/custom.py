"""`jax.custom_jvp`: the user's own rule is the derivative."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax.core import Scope
from jax.custom_derivatives import SymbolicZero

from jvpgen.runtime import commuting, shadows
from jvpgen.runtime.activity import Reach
from jvpgen.runtime.control.functions import Outcome, halves, plain
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.leafwise import as_tree, of_tree, tangent_form
from jvpgen.runtime.zero import instantiate, is_inexact, zero


def custom_jvp(f: jax.custom_jvp[Any], args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """A call of a function with a rule: as `jax.jvp` does, the rule's value is the value."""
    if f.jvp is None:
        return None  # JAX has the words for it
    arguments = inspect.signature(f.fun).bind(*args, **kwargs)
    arguments.apply_defaults()
    if arguments.kwargs:
        return None
    constant = [plain(argument) for place, argument in enumerate(arguments.args) if place in f.nondiff_argnums]
    parts = [halves(argument) for place, argument in enumerate(arguments.args) if place not in f.nondiff_argnums]
    _check_held(f)
    if all(leaf is None for _, leaves in parts for leaf in leaves):
        out = f(*map(plain, arguments.args))
        return out, zero(out)
    commuting.order_matters()
    primals = tuple(value for value, _ in parts)
    tangents = tuple(_tangents(value, leaves, f.symbolic_zeros) for value, leaves in parts)
    out, out_dot = f.jvp(*constant, primals, tangents)
    leaves = [None if _is_zero(leaf) else leaf for leaf in of_tree(out, out_dot)]
    return out, tangent_form(out, leaves)


def _check_held(f: jax.custom_jvp[Any]) -> None:
    """Stops where the function itself holds what moves: its rule knows the arguments only, as under JAX."""
    held = Reach()
    held.add(f.fun)
    scopes = [owner if isinstance(owner, Scope) else owner.scope for owner in held.modules.values()]
    if not held.is_still or any(scope is not None and shadows.has_shadows(scope) for scope in scopes):
        name = getattr(f.fun, "__qualname__", type(f.fun).__name__)
        raise LostTangent(f"{name} has a jax.custom_jvp and holds a value that moves; pass the value as an argument")


def _tangents(value: Any, leaves: list[Any], symbolic: bool) -> Any:
    """An argument's tangents as a rule gets them from JAX: zeros are arrays, or symbolic where it asked for that."""
    primals = jax.tree.leaves(value)
    made = [_tangent(primal, leaf, symbolic) for primal, leaf in zip(primals, leaves, strict=True)]
    return as_tree(value, made)


def _tangent(primal: Any, leaf: Any, symbolic: bool) -> Any:
    if leaf is None and symbolic:
        return SymbolicZero(jax.typeof(primal).to_tangent_aval())
    if leaf is None and not is_inexact(primal):
        return np.zeros(np.shape(primal), jax.dtypes.float0)
    return instantiate(leaf, primal)


def _is_zero(leaf: Any) -> bool:
    return isinstance(leaf, SymbolicZero) or getattr(leaf, "dtype", None) == jax.dtypes.float0
