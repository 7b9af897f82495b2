"""Functions that JAX has wrapped: `vmap(f)`, `checkpoint(f)`, `grad(f)`.

The same wrapper is put around the derivative of `f`. JAX keeps what it wraps, and its settings, in the closure of what
it returns. What looks otherwise, in another JAX, is not recognised, and goes down the ladder.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax

from jvpgen.runtime.control.functions import Outcome, Twin, outcome, plain, pushed, twin
from jvpgen.runtime.control.gradients import gradient, jacobian
from jvpgen.runtime.control.vectorized import vectorize
from jvpgen.runtime.leafwise import as_tree
from jvpgen.runtime.pair import is_pair


def by_wrapper(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a call of what `vmap` or `checkpoint` returned; None for anything else."""
    wrapped = _wrapped(f)
    partner = None if wrapped is None else _PARTNERS.get(wrapped.transform)
    return None if partner is None or wrapped is None else partner(wrapped, args, kwargs)


# --- How JAX wraps ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wrapped:
    """What a transform of JAX returned: its functions around the user's `function`, the outermost first."""

    layers: tuple[types.FunctionType, ...]
    function: Any
    settings: Mapping[str, Any]

    @property
    def transform(self) -> str:
        """`vmap`, `checkpoint`, …: the outermost that has a partner."""
        makers = [layer.__code__.co_qualname.partition(".")[0] for layer in self.layers]
        return next((maker for maker in makers if maker in _PARTNERS), "")

    def around(self, function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
        """The same layers around another function, with other settings."""
        made = function
        for layer in reversed(self.layers):
            cells = {**_cells(layer), **(settings if layer is self.layers[-1] else {}), "fun": made}
            closure = tuple(types.CellType(cells[name]) for name in layer.__code__.co_freevars)
            made = types.FunctionType(layer.__code__, layer.__globals__, layer.__name__, layer.__defaults__, closure)
        return made


_INNER = ("f", "fun", "pyfunc", "value_and_grad_f")  # the names that JAX gives to what it wraps


def _wrapped(f: Any) -> Wrapped | None:
    layers: list[types.FunctionType] = []
    layer, innermost = f, getattr(f, "__wrapped__", None)
    while layer is not innermost:
        if layers and not isinstance(layer, types.FunctionType):  # jitted, say: what it wraps JAX takes for innermost
            innermost = layer
            break
        if not isinstance(layer, types.FunctionType) or not layer.__globals__.get("__name__", "").startswith("jax."):
            return None
        inner = [_cells(layer)[name] for name in _INNER if name in layer.__code__.co_freevars]
        if len(inner) != 1:
            return None
        layers.append(layer)
        layer = inner[0]
    return Wrapped(tuple(layers), innermost, _cells(layers[-1])) if layers else None


def _cells(function: types.FunctionType) -> dict[str, Any]:
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    return {name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}


# --- Partners ---------------------------------------------------------------------------------------------------------


def _vmap(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """Tangents are mapped over the axes of their primals."""
    if not {"in_axes", "out_axes"} <= set(wrapped.settings):
        return None
    in_axes, out_axes = wrapped.settings["in_axes"], wrapped.settings["out_axes"]
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    mapped = wrapped.around(
        _on_twins(wrapped.function), in_axes=tuple((axis, axis) for axis in axes), out_axes=(out_axes, out_axes)
    )
    return outcome(mapped(*map(twin, args), **{name: twin(value) for name, value in kwargs.items()}))


def _checkpoint(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """What is no array may be static, and is held by the function; the rest is traced."""
    if "static_argnums" not in wrapped.settings:
        return None
    traced = [place for place, value in enumerate(args) if _is_traced(value)]
    traced_names = [name for name, value in kwargs.items() if _is_traced(value)]

    def derivative(*twins: Twin, **named: Twin) -> Twin:
        whole: list[Twin] = [(plain(value), None) for value in args]
        for place, given in zip(traced, twins, strict=True):
            whole[place] = given
        still = {name: (plain(value), None) for name, value in kwargs.items()}
        out, leaves = pushed(wrapped.function, whole, {**still, **named})
        return out, as_tree(out, leaves)

    made = wrapped.around(derivative, static_argnums=())
    named_twins = {name: twin(kwargs[name]) for name in traced_names}
    return outcome(made(*(twin(args[place]) for place in traced), **named_twins))


def _on_twins(f: Any) -> Callable[..., Twin]:
    def derivative(*twins: Twin, **named: Twin) -> Twin:
        out, leaves = pushed(f, twins, named)
        return out, as_tree(out, leaves)

    return derivative


def _is_traced(argument: Any) -> bool:
    """Whether an argument is a tree of arrays, and nothing else."""
    leaves = jax.tree.leaves(plain(argument))
    return is_pair(argument) or (bool(leaves) and all(isinstance(leaf, jax.Array) for leaf in leaves))


def _grad(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    return _gradient(wrapped, args, kwargs, with_value=False)


def _value_and_grad(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    return _gradient(wrapped, args, kwargs, with_value=True)


def _gradient(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any], with_value: bool) -> Outcome | None:
    if not {"argnums", "has_aux", "holomorphic"} <= set(wrapped.settings):
        return None
    return gradient(wrapped.function, wrapped.layers[0], wrapped.settings, args, kwargs, with_value)


def _shard_map(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """Tangents are sharded as their primals are."""
    names = ("mesh", "in_specs", "out_specs", "axis_names", "check_vma")
    if kwargs or not set(names) <= set(wrapped.settings):
        return None
    settings = {name: wrapped.settings[name] for name in names}
    in_specs, out_specs = settings["in_specs"], settings["out_specs"]
    if isinstance(in_specs, tuple) and not isinstance(in_specs, jax.P):
        settings["in_specs"] = tuple((spec, spec) for spec in in_specs)
    settings["out_specs"] = (out_specs, out_specs)
    return outcome(jax.shard_map(_on_twins(wrapped.function), **settings)(*map(twin, args)))


def _vectorize(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    if not {"excluded", "signature"} <= set(wrapped.settings):
        return None
    return vectorize(wrapped.function, wrapped.settings["excluded"], wrapped.settings["signature"], args, kwargs)


def _jacobian(transform: Callable[..., Any]) -> Callable[..., Outcome | None]:
    def partner(wrapped: Wrapped, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
        if not {"argnums", "has_aux", "holomorphic"} <= set(wrapped.settings):
            return None
        return jacobian(transform, wrapped.function, wrapped.layers[0], wrapped.settings, args, kwargs)

    return partner


_PARTNERS: Mapping[str, Callable[[Wrapped, list[Any], Mapping[str, Any]], Outcome | None]] = {
    "vmap": _vmap,
    "checkpoint": _checkpoint,
    "grad": _grad,
    "value_and_grad": _value_and_grad,
    "jacfwd": _jacobian(jax.jacfwd),
    "jacrev": _jacobian(jax.jacrev),
    "vectorize": _vectorize,
    "_shard_map": _shard_map,
}
