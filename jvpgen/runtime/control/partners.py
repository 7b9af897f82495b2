"""Which function has which partner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax

from jvpgen.runtime.control import branches, loops, products, reductions, solves
from jvpgen.runtime.control.custom import custom_jvp
from jvpgen.runtime.control.functions import Outcome
from jvpgen.runtime.control.wrappers import by_wrapper

_PARTNERS: Mapping[int, Callable[[list[Any], Mapping[str, Any]], Outcome | None]] = {
    id(jax.lax.scan): loops.scan,
    id(jax.lax.while_loop): loops.while_loop,
    id(jax.lax.fori_loop): loops.fori_loop,
    id(jax.lax.map): loops.map_,
    id(jax.lax.associative_scan): loops.associative_scan,
    id(jax.lax.cond): branches.cond,
    id(jax.lax.switch): branches.switch,
    id(jax.lax.reduce): reductions.reduce,
    id(jax.lax.reduce_window): reductions.reduce_window,
    id(jax.lax.custom_root): solves.custom_root,
    id(jax.lax.custom_linear_solve): solves.custom_linear_solve,
    **{id(solver): solves.iterative(solver) for solver in solves.ITERATIVE},
    id(jax.jvp): products.jvp,
    id(jax.vjp): products.vjp,
    id(jax.linearize): products.linearize,
}


def by_control(f: Any, args: list[Any], kwargs: Mapping[str, Any]) -> Outcome | None:
    """The outcome of a call of one of JAX's higher-order functions, or of what one returned; None for others."""
    if isinstance(f, jax.custom_jvp):
        return custom_jvp(f, args, kwargs)
    partner = _PARTNERS.get(id(f))
    return by_wrapper(f, args, kwargs) if partner is None else partner(args, kwargs)
