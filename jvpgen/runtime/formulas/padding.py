"""`jnp.pad` in all its modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jvpgen.runtime.formulas.reductions import max_jvp, min_jvp
from jvpgen.runtime.zero import is_zero, zero

_LINEAR = {
    "constant": {"constant_values": 0},
    "linear_ramp": {"end_values": 0},
}
_EXTREMA = {"maximum": max_jvp, "minimum": min_jvp}


def pad_jvp(array: Any, array_dot: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> tuple[Any, Any]:
    """`jnp.pad`: array_dot padded the same way, constants being 0; with an extremum, the tangents of the extrema."""
    out = jnp.pad(array, pad_width, mode, **kwargs)
    if is_zero(array_dot):
        return out, zero(out)
    if mode in _EXTREMA:
        return out, _pad_with(_EXTREMA[mode], array, array_dot, pad_width, kwargs.get("stat_length"))
    if mode == "median" or callable(mode):
        raise TypeError(f"no derivative of jnp.pad with mode {mode!r}")
    changed = {key: _LINEAR.get(mode, {}).get(key, value) for key, value in kwargs.items()}
    return out, jnp.pad(array_dot, pad_width, mode, **changed)


def _pad_with(
    extremum_jvp: Callable[..., tuple[Any, Any]], array: Any, array_dot: Any, pad_width: Any, stat_length: Any
) -> Any:
    """One axis after the other, each time over what the axes before have padded, as `jnp.pad` does."""
    widths = _pairs(pad_width, array.ndim)
    lengths = None if stat_length is None else _pairs(stat_length, array.ndim)
    for axis, (before, after) in enumerate(widths):
        size = array.shape[axis]
        first, last = (size, size) if lengths is None else (min(n, size) for n in lengths[axis])
        pieces = []
        for start, stop, count in ((0, first, before), (size - last, size, after)):
            index = tuple(slice(start, stop) if i == axis else slice(None) for i in range(array.ndim))
            value, value_dot = extremum_jvp(array[index], array_dot[index], axis, keepdims=True)
            pieces.append((jnp.repeat(value, count, axis), jnp.repeat(value_dot, count, axis)))
        array = jnp.concatenate([pieces[0][0], array, pieces[1][0]], axis)
        array_dot = jnp.concatenate([pieces[0][1], array_dot, pieces[1][1]], axis)
    return array_dot


def _pairs(widths: Any, ndim: int) -> Sequence[tuple[int, int]]:
    """(before, after) for each axis, from any of the forms that `jnp.pad` takes."""
    return [(int(before), int(after)) for before, after in np.broadcast_to(np.asarray(widths), (ndim, 2))]
