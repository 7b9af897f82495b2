"""`jax.grad`, `value_and_grad`, `jacfwd`, `jacrev` and `hessian` inside a function that is differentiated forward.

The tangent of `∇f(x, w)` along `(x_dot, w_dot)` is the gradient over `x` of the tangent of `f` along `(x_dot, w_dot)`:
reverse over generated forward code. Of Jacobians likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jvpgen.runtime import regions
from jvpgen.runtime.control.functions import Outcome, plain, twin
from jvpgen.runtime.control.slopes import Slope, exchanged
from jvpgen.runtime.leafwise import tangent_form
from jvpgen.runtime.zero import is_inexact, zero


def gradient(
    f: Any, call: Any, settings: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any], with_value: bool
) -> Outcome | None:
    """The outcome of `call`, which `jax.grad(f)` or, `with_value`, `jax.value_and_grad(f)` has returned."""
    has_aux = bool(settings["has_aux"])
    over = None if settings["holomorphic"] else _differentiated(f, settings, args, kwargs)
    if over is None:
        return None
    slope, chosen = over

    def total(values: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        (value, moving), (_, aux_leaves) = slope.both(*values)
        return moving[0] if moving else jnp.zeros_like(value), aux_leaves

    made = exchanged(lambda: jax.value_and_grad(total, has_aux=True)(chosen))
    if made is None:
        return None
    (value_dot, aux_leaves), slopes = made
    out = _plainly(call, args, kwargs)
    moves = any(slope.moves)
    slopes = slopes if moves else tuple(map(zero, chosen))
    grads_dot = slopes[0] if isinstance(settings["argnums"], int) else slopes
    return out, _arranged(out, grads_dot, value_dot if moves else None, aux_leaves, has_aux, with_value)


def jacobian(
    transform: Callable[..., Any],
    f: Any,
    call: Any,
    settings: Mapping[str, Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Outcome | None:
    """The outcome of `call`, which `transform(f)` has returned: `jax.jacfwd` or `jax.jacrev`."""
    over = _differentiated(f, settings, args, kwargs)
    if over is None:
        return None
    slope, chosen = over
    known = {name: settings[name] for name in ("has_aux", "holomorphic")}
    made = exchanged(lambda: transform(slope.tangents, argnums=tuple(range(len(chosen))), **known)(*chosen))
    if made is None:
        return None
    out = _plainly(call, args, kwargs)
    by_leaf, aux_leaves = made if settings["has_aux"] else (made, [])
    width = len(jax.tree.leaves(chosen))
    leaves = slope.spread([leaf for columns in by_leaf for leaf in jax.tree.leaves(columns)], width)
    if not settings["has_aux"]:
        return out, tangent_form(out, leaves)
    return out, (tangent_form(out[0], leaves), tangent_form(out[1], aux_leaves))


def _differentiated(
    f: Any, settings: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Slope, tuple[Any, ...]] | None:
    """The slope of `f` over the arguments that `argnums` names, and these; None where JAX has the words for it."""
    argnums = settings["argnums"]
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not -len(args) <= place < len(args) for place in places):
        return None
    places = [place % len(args) for place in places]
    twins, named = [twin(argument) for argument in args], {name: twin(value) for name, value in kwargs.items()}
    chosen = tuple(twins[place][0] for place in places)
    if not all(is_inexact(leaf) for leaf in jax.tree.leaves(chosen)):
        return None
    return Slope(f, twins, named, places, bool(settings["has_aux"])), chosen


def _plainly(call: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    with regions.plain():
        return call(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()})


def _arranged(out: Any, grads_dot: Any, value_dot: Any, aux_leaves: list[Any], has_aux: bool, with_value: bool) -> Any:
    """The tangents in the places in which JAX returns gradients, value and auxiliary output."""
    if with_value:
        value = out[0]
        if not has_aux:
            return zero(value) if value_dot is None else value_dot, grads_dot
        first = zero(value[0]) if value_dot is None else value_dot
        return (first, tangent_form(value[1], aux_leaves)), grads_dot
    return (grads_dot, tangent_form(out[1], aux_leaves)) if has_aux else grads_dot
