"""`jnp.c_[a, b]` and `jnp.r_[a, b]`: subscripts that join arrays, and their tangents in the same way."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.pair import is_pair
from jvpgen.runtime.zero import instantiate, is_zero, zero

Outcome = tuple[Any, Any]


def joined(owner: Any, index: Any) -> Outcome | None:
    """The arrays of an index joined, and their tangents; None where `owner` is neither `jnp.c_` nor `jnp.r_`.

    Raises:
      LostTangent: where one that moves is given to those of NumPy, which take no tracers.
    """
    if not any(owner is known for known in (jnp.c_, jnp.r_, np.c_, np.r_)):
        return None
    primal: Any = index.primal if is_pair(index) else index
    tangent: Any = index.tangent if is_pair(index) else None
    out = owner[primal]
    if is_zero(tangent):
        return out, zero(out)
    if owner is np.c_ or owner is np.r_:
        raise LostTangent("NumPy joins an array that has a tangent: use `jax.numpy`")
    items, moving = (primal, tangent) if isinstance(primal, tuple) else ((primal,), (tangent,))
    tangents = [_of_item(item, item_dot) for item, item_dot in zip(items, moving, strict=True)]
    return out, owner[tuple(tangents)].astype(out.dtype)


def _of_item(item: Any, tangent: Any) -> Any:
    """The tangent of one of the arrays, zeros where it has none; `"0,2"` says how they are joined."""
    if isinstance(item, str):
        return item
    if is_zero(tangent):
        return jnp.zeros_like(jnp.asarray(item), dtype=float)
    if isinstance(item, list | tuple):
        return jnp.stack([jnp.asarray(_of_item(part, t)) for part, t in zip(item, tangent, strict=True)])
    return instantiate(tangent, item)
