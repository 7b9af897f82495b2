"""`x.at[index]`: reads, and the updates that multiply or divide."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jvpgen.runtime.linear_calls import fitted
from jvpgen.runtime.zero import is_zero, zero


def at_get_jvp(a: Any, a_dot: Any, index: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`a.at[index].get()`: a_dot.at[index].get(), and 0 where the index lies outside and a value is filled in."""
    out = a.at[index].get(**kwargs)
    return out, zero(out) if is_zero(a_dot) else a_dot.at[index].get(**{**kwargs, "fill_value": 0})


def at_multiply_jvp(
    a: Any, a_dot: Any, index: Any, values: Any, values_dot: Any = None, **kwargs: Any
) -> tuple[Any, Any]:
    """`a.at[index].multiply(values)`: a_dot.at[index].multiply(values), plus a[index] · values_dot at the index."""
    out = a.at[index].multiply(values, **kwargs)
    return out, _scaled(a, a_dot, index, values, values_dot, out, kwargs)


def at_divide_jvp(
    a: Any, a_dot: Any, index: Any, values: Any, values_dot: Any = None, **kwargs: Any
) -> tuple[Any, Any]:
    """`a.at[index].divide(values)`: a_dot.at[index].divide(values), less a[index] · values_dot / values² there."""
    out = a.at[index].divide(values, **kwargs)
    inverse = 1 / jnp.asarray(values)
    inverse_dot = zero(inverse) if is_zero(values_dot) else -values_dot * inverse**2
    return out, _scaled(a, a_dot, index, inverse, inverse_dot, out, kwargs)


def _scaled(a: Any, a_dot: Any, index: Any, factor: Any, factor_dot: Any, out: Any, kwargs: dict[str, Any]) -> Any:
    through_array = None if is_zero(a_dot) else a_dot.at[index].multiply(factor, **kwargs)
    if is_zero(factor_dot):
        return zero(out) if through_array is None else fitted(through_array, out)
    if not kwargs.get("unique_indices") and not _is_unique(index):
        raise ValueError(
            "an update that multiplies at an array of indices has a derivative in its factors only with "
            "unique_indices=True, here and in JAX"
        )
    base = jnp.zeros_like(out) if through_array is None else fitted(through_array, out)
    return base.at[index].add(a[index] * factor_dot, **kwargs)


def _is_unique(index: Any) -> bool:
    """Whether an index surely names no element twice: slices, numbers, and at most a mask."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(
        isinstance(part, list) or (not isinstance(part, slice) and np.ndim(part) > 0)
        for part in parts
        if part is not None
    )
