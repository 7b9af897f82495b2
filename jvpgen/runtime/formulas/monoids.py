"""`lax.reduce` by functions that JAX knows, from their neutral elements: it takes them for sums, products, extrema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jvpgen.runtime.formulas.reductions import max_jvp, min_jvp, prod_jvp
from jvpgen.runtime.pair import Pair
from jvpgen.runtime.pushing import push
from jvpgen.runtime.zero import is_zero, zero

_WORST = {id(lax.max): -np.inf, id(lax.min): np.inf}


def is_extremum(computation: Any, init: Any) -> bool:
    """Whether a reduction is a maximum or minimum, and nothing else: it starts from the worst value of all."""
    worst = _WORST.get(id(computation))
    if worst is None or not _is_known_number(init):
        return False
    dtype = jnp.result_type(init)
    if jnp.issubdtype(dtype, jnp.integer):
        bounds = np.iinfo(dtype)
        worst = bounds.min if worst < 0 else bounds.max
    return bool(np.equal(init, worst))


def is_sum(computation: Any) -> bool:
    return computation is lax.add or computation is jnp.add


def is_monoid(computation: Any, init: Any) -> bool:
    """Whether JAX reduces by a primitive of its own."""
    known = computation is lax.add or computation is lax.mul
    neutral = _is_known_number(init) and known and bool(np.equal(init, 0 if computation is lax.add else 1))
    return neutral or is_extremum(computation, init)


def _is_known_number(init: Any) -> bool:
    return not isinstance(init, jax.core.Tracer | tuple | list | dict) and np.shape(init) == ()


def lax_reduce_jvp(
    operands: Any,
    operands_dot: Any,
    init_values: Any,
    computation: Callable[..., Any],
    dimensions: Any,
    out_sharding: Any = None,
) -> tuple[Any, Any]:
    """`lax.reduce`: sums, products and extrema; any other computation is pushed forward."""
    if not is_monoid(computation, init_values):
        given = [Pair(operands, operands_dot), init_values, computation, dimensions]
        return push(lax.reduce, given, {} if out_sharding is None else {"out_sharding": out_sharding})
    out = lax.reduce(operands, init_values, computation, dimensions, out_sharding)
    if is_zero(operands_dot):
        return out, zero(out)
    if computation is lax.add:
        return out, lax.reduce(operands_dot, np.zeros((), operands_dot.dtype), lax.add, dimensions, out_sharding)
    derivative = prod_jvp if computation is lax.mul else max_jvp if computation is lax.max else min_jvp
    return out, derivative(operands, operands_dot, tuple(dimensions))[1]
