"""`@jvpgen.derive(install=True)`: JAX's own differentiation of a module's `apply` uses the generated code.

`apply` becomes a `jax.custom_jvp` of the arrays that it is given, whose rule is `apply_jvp`. So `jax.jvp`, `linearize`,
`jacfwd`, `hessian` and `grad` run what was generated; what does not move arrives as a symbolic zero and costs nothing.
Where that cannot be, `apply` is what it was.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from jax.custom_derivatives import SymbolicZero

from jvpgen.runtime.apply import apply_jvp
from jvpgen.runtime.interceptor import is_intercepting
from jvpgen.runtime.pair import Pair


def install(kind: type[nn.Module]) -> None:
    """Makes `kind.apply` differentiable by its generated code."""
    plain = kind.apply

    @functools.wraps(plain)
    def apply(self: nn.Module, variables: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        if type(self) is not kind or not _may_be_replaced(self, (variables, args, kwargs)):
            return plain(self, variables, *args, **kwargs)
        return _differentiable(functools.partial(plain, self), self, _inputs(variables, args, kwargs))

    kind.apply = apply  # type: ignore[method-assign]


# --- Where it steps aside ---------------------------------------------------------------------------------------------

_SETTINGS = ("rngs", "method", "mutable", "capture_intermediates")


def _may_be_replaced(module: nn.Module, inputs: Any) -> bool:
    """Whether JAX differentiates here at all, and nothing that moves hides where `jax.custom_jvp` cannot see it."""
    if is_intercepting() or not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(inputs)):
        return False
    kwargs = inputs[2]
    if kwargs.get("capture_intermediates") or (kwargs.get("method") is not None and not _is_named(kwargs["method"])):
        return False
    return not _holds_tracers(vars(module), set())


def _is_named(method: Any) -> bool:
    """Whether a method is one of the class: a function that comes from elsewhere may hold anything."""
    return isinstance(method, str) or not getattr(method, "__closure__", None)


def _holds_tracers(value: Any, seen: set[int]) -> bool:
    """Whether a tracer is in a field, in a container, a module, a partial or the closure of a function there."""
    if isinstance(value, jax.core.Tracer):
        return True
    if id(value) in seen or isinstance(value, str | bytes | int | float | type | np.ndarray | jax.Array):
        return False
    seen.add(id(value))
    parts: list[Any] = []
    if isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    elif isinstance(value, functools.partial):
        parts = [value.func, value.args, value.keywords]
    elif isinstance(value, types.FunctionType):
        parts = [*(value.__defaults__ or ()), *map(_content, value.__closure__ or ())]
    elif isinstance(value, types.MethodType):
        parts = [value.__self__]
    elif hasattr(value, "__dict__"):
        parts = list(vars(value).values())
    return any(_holds_tracers(part, seen) for part in parts)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


# --- The rule ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Inputs:
    """The arguments of one call of `apply`, taken apart into the arrays that JAX may trace, and all else."""

    structure: Any
    leaves: tuple[Any, ...]
    keys: Any  # of the random streams; they never move
    settings: Mapping[str, Any]

    @property
    def arrays(self) -> list[Any]:
        return [leaf for leaf in self.leaves if _is_array(leaf)]

    def around(self, arrays: Iterable[Any]) -> Any:
        """`(variables, args, kwargs)` with other arrays."""
        rest = iter(arrays)
        return self.structure.unflatten([next(rest) if _is_array(leaf) else leaf for leaf in self.leaves])

    def tangents(self, arrays_dot: Iterable[Any]) -> Any:
        """The tangents in the same structure; None for what does not move."""
        rest = iter(arrays_dot)
        return self.structure.unflatten([_moving(next(rest)) if _is_array(leaf) else None for leaf in self.leaves])


def _inputs(variables: Any, args: Any, kwargs: Mapping[str, Any]) -> _Inputs:
    named = {name: value for name, value in kwargs.items() if name not in _SETTINGS}
    settings = {name: kwargs[name] for name in _SETTINGS if name in kwargs}
    leaves, structure = jax.tree.flatten((dict(variables), args, named))
    return _Inputs(structure, tuple(leaves), settings.pop("rngs", None), settings)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def _moving(tangent: Any) -> Any:
    is_zero = isinstance(tangent, SymbolicZero) or getattr(tangent, "dtype", None) == jax.dtypes.float0
    return None if is_zero else tangent


def _differentiable(plain: Callable[..., Any], module: nn.Module, inputs: _Inputs) -> Any:
    """The result of `plain`, whose derivative is `apply_jvp`."""

    @jax.custom_jvp
    def run(arrays: list[Any], keys: Any) -> Any:
        variables, args, kwargs = inputs.around(arrays)
        return plain(variables, *args, rngs=keys, **inputs.settings, **kwargs)

    def rule(primals: Any, tangents: Any) -> Any:
        (arrays, keys), (arrays_dot, _) = primals, tangents
        variables, args, kwargs = inputs.around(arrays)
        variables_dot, args_dot, kwargs_dot = inputs.tangents(arrays_dot)
        named = {name: _paired(value, kwargs_dot[name]) for name, value in kwargs.items()}
        has_updates = inputs.settings.get("mutable", False) is not False
        settings = {"rngs": keys, "update_tangents": has_updates, **inputs.settings}
        made = apply_jvp(module, variables, args, args_dot, variables_dot, **settings, **named)
        return ((made[0], made[2]), (made[1], made[3])) if has_updates else made

    run.defjvp(rule, symbolic_zeros=True)
    return run(inputs.arrays, inputs.keys)


def _paired(value: Any, tangent: Any) -> Any:
    """A keyword argument as `apply_jvp` takes it."""
    return Pair(value, tangent) if jax.tree.leaves(tangent) else value
