"""`jax.grad` and `jax.value_and_grad` inside a function that is differentiated forward.

The tangent of `∇f(x, w)` along `(x_dot, w_dot)` is the gradient over `x` of the tangent of `f` along `(x_dot, w_dot)`,
since second derivatives commute: reverse over generated forward code. Where they need not commute, this gives up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jvpgen.runtime import commuting, regions
from jvpgen.runtime.control.agreement import snapshot
from jvpgen.runtime.control.functions import Outcome, Twin, plain, pushed, twin
from jvpgen.runtime.leafwise import tangent_form
from jvpgen.runtime.zero import is_inexact, zero


def gradient(
    f: Any, call: Any, settings: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any], with_value: bool
) -> Outcome | None:
    """The outcome of `call`, which `jax.grad(f)` or, `with_value`, `jax.value_and_grad(f)` has returned."""
    argnums = settings["argnums"]
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    if settings["holomorphic"] or any(not -len(args) <= place < len(args) for place in places):
        return None
    places = [place % len(args) for place in places]
    twins, named = [twin(argument) for argument in args], {name: twin(value) for name, value in kwargs.items()}
    chosen = tuple(twins[place][0] for place in places)
    if not all(is_inexact(leaf) for leaf in jax.tree.leaves(chosen)):
        return None
    slope = _Slope(f, twins, named, places, bool(settings["has_aux"]))
    before = snapshot()
    try:
        with commuting.exchanged():
            (value_dot, aux_leaves), slopes = jax.value_and_grad(slope, argnums=0, has_aux=True)(chosen)
    except commuting.OrderMatters:
        before.restore()
        return None
    with regions.plain():
        out = call(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()})
    slopes = slopes if slope.moves else tuple(map(zero, chosen))
    grads_dot = slopes[0] if isinstance(argnums, int) else slopes
    return out, _arranged(out, grads_dot, value_dot if slope.moves else None, aux_leaves, slope.has_aux, with_value)


class _Slope:
    """The tangent of `f` as a function of what the gradient is taken over."""

    def __init__(
        self, f: Any, twins: Sequence[Twin], named: Mapping[str, Twin], places: Sequence[int], has_aux: bool
    ) -> None:
        self._f, self._twins, self._named, self._places = f, list(twins), named, places
        self.has_aux, self.moves = has_aux, False

    def __call__(self, chosen: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        twins = list(self._twins)
        for place, value in zip(self._places, chosen, strict=True):
            twins[place] = (value, twins[place][1])
        out, leaves = pushed(self._f, twins, self._named)
        tangent, *aux = leaves
        self.moves = tangent is not None
        value = out[0] if self.has_aux else out
        total = jnp.zeros_like(value) if tangent is None else tangent
        return total, aux


def _arranged(out: Any, grads_dot: Any, value_dot: Any, aux_leaves: list[Any], has_aux: bool, with_value: bool) -> Any:
    """The tangents in the places in which JAX returns gradients, value and auxiliary output."""
    if with_value:
        value = out[0]
        if not has_aux:
            return zero(value) if value_dot is None else value_dot, grads_dot
        first = zero(value[0]) if value_dot is None else value_dot
        return (first, tangent_form(value[1], aux_leaves)), grads_dot
    return (grads_dot, tangent_form(out[1], aux_leaves)) if has_aux else grads_dot
