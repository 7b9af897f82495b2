"""`jax.jvp`, `jax.vjp` and `jax.linearize` inside a function that is differentiated forward.

What `vjp` and `linearize` return is called later, and has a derivative of its own: it is linear in what it is given,
and the rest is the same product of the slope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax

from jvpgen.runtime import regions
from jvpgen.runtime.callables import carrying
from jvpgen.runtime.control.cotangents import filled, moving_leaves, of_both
from jvpgen.runtime.control.functions import Outcome, bound, halves, plain, twin
from jvpgen.runtime.control.slopes import Slope, exchanged
from jvpgen.runtime.leafwise import as_tree, instantiated, tangent_form
from jvpgen.runtime.opaque import opaque
from jvpgen.runtime.zero import zero


def jvp(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`jax.jvp(fun, primals, tangents, has_aux)`: one `jax.jvp` over values and tangents together."""
    given = bound(jax.jvp, args, kwargs)
    f, has_aux = given["fun"], bool(plain(given["has_aux"]))
    (primals, primals_dot), (tangents, tangents_dot) = halves(given["primals"]), halves(given["tangents"])
    if not isinstance(primals, tuple | list) or len(primals_dot) != len(tangents_dot):
        return None
    moves = [a is not None or b is not None for a, b in zip(primals_dot, tangents_dot, strict=True)]
    start = as_tree(tuple(primals), instantiated(primals_dot, primals, moves))
    along = as_tree(tuple(primals), instantiated(tangents_dot, primals, moves))
    slopes: list[Slope] = []

    def both(values: tuple[Any, ...], values_dot: tuple[Any, ...]) -> Any:
        twins = list(zip(values, values_dot, strict=True))
        slopes[:] = [Slope(f, twins, {}, range(len(twins)), has_aux)]
        return slopes[0].both(*values)

    made = exchanged(lambda: jax.jvp(both, (tuple(primals), start), (tuple(tangents), along), has_aux=True))
    if made is None:
        return None
    (out, moving), (product, moving_product), (aux, aux_leaves) = made
    out_dot = tangent_form(out, slopes[0].spread(moving))
    product_dot = tangent_form(product, slopes[0].spread(moving_product))
    if not has_aux:
        return (out, product), (out_dot, product_dot)
    return (out, product, aux), (out_dot, product_dot, tangent_form(aux, aux_leaves))


def vjp(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`jax.vjp(fun, *primals, has_aux)`: the pullback's tangent is the pullback of value and tangent together."""
    return _with_function(_pullback, _pulled_back, args, kwargs)


def linearize(args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """`jax.linearize(fun, *primals, has_aux)`: the linear function's tangent is that of the slope, and itself of what
    it is given."""
    return _with_function(_linearized, _along, args, kwargs)


_Call = Callable[[Slope, Sequence[Any], Any, list[Any], Mapping[str, Any]], Outcome]


def _with_function(transform: Any, call: _Call, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome of what returns a value and a function; `call` is that of a call of this function."""
    if set(kwargs) - {"has_aux"} or not args:
        return None
    f, *primals = args
    has_aux = bool(plain(kwargs.get("has_aux", False)))
    twins = [twin(primal) for primal in primals]
    slope, values = Slope(f, twins, {}, range(len(twins)), has_aux), [value for value, _ in twins]
    with regions.plain():
        out, function, *aux = transform(plain(f), *values, has_aux=has_aux)
    made = exchanged(lambda: transform(slope.both, *values, has_aux=True))
    if made is None:
        return _in_order(transform, (out, function, *aux), f, primals, has_aux)
    (_, moving), of_both_halves, (_, aux_leaves) = made
    function = carrying(function, of_both_halves, partial(call, slope, moving))
    aux_dot = [tangent_form(part, aux_leaves) for part in aux]
    return (out, function, *aux), (tangent_form(out, slope.spread(moving)), zero(function), *aux_dot)


def _pulled_back(slope: Slope, moving: Sequence[Any], held: Any, given: list[Any], named: Mapping[str, Any]) -> Outcome:
    """A call of what `vjp` has returned."""
    if len(given) != 1 or named:
        return held.primal(*map(plain, given), **named), None  # JAX has the words for it
    cotangent, cotangent_dot = halves(given[0])
    back = held.primal(cotangent)
    if not moving and all(leaf is None for leaf in cotangent_dot):
        return back, zero(back)
    both = of_both(cotangent, cotangent_dot, slope.moves, moving)
    return back, tangent_form(back, moving_leaves(held.tangent(both)))


def _along(slope: Slope, moving: Sequence[Any], held: Any, given: list[Any], named: Mapping[str, Any]) -> Outcome:
    """A call of what `linearize` has returned."""
    along = [plain(argument) for argument in given]
    product = held.primal(*along, **named)
    leaves = slope.spread(held.tangent(*along)[1])
    dots = [leaf for argument in given for leaf in halves(argument)[1]]
    if any(leaf is not None for leaf in dots):
        further = [filled(dot, leaf) for dot, leaf in zip(dots, jax.tree.leaves(along), strict=True)]
        others = moving_leaves(held.primal(*as_tree(along, further)))
        leaves = [_sum(a, b) for a, b in zip(leaves, others, strict=True)]
    return product, tangent_form(product, leaves)


# --- In the user's order ----------------------------------------------------------------------------------------------


def _in_order(transform: Any, made: Sequence[Any], f: Any, primals: Sequence[Any], has_aux: bool) -> Outcome:
    """Where derivatives need not commute: `jax.jvp` over what the user wrote, again at each call of the function."""
    out, function, *aux = made

    def values(f: Any, primals: Sequence[Any]) -> Any:
        value, _, *others = transform(f, *primals, has_aux=has_aux)
        return value, others

    def products(f: Any, primals: Sequence[Any], given: Sequence[Any]) -> Any:
        return transform(f, *primals, has_aux=has_aux)[1](*given)

    def run(held: Any, given: list[Any], named: Mapping[str, Any]) -> Outcome:
        product = held.primal(*map(plain, given), **named)
        return product, opaque(products, [f, list(primals), given], {})[1]

    out_dot, aux_dot = opaque(values, [f, list(primals)], {})[1]
    linear = carrying(function, products, run)
    return (out, linear, *aux), (out_dot, zero(linear), *aux_dot)


_pullback: Any = jax.vjp  # `has_aux` is known when the program runs
_linearized: Any = jax.linearize


def _sum(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else a + b
