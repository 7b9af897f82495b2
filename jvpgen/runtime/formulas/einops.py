"""The functions of einops, which is imported when one of them is called."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jvpgen.runtime.formulas.reductions import max_jvp, min_jvp, prod_jvp
from jvpgen.runtime.zero import instantiate, is_zero, zero


def rearrange_jvp(tensor: Any, tensor_dot: Any, pattern: str, **axes_lengths: Any) -> tuple[Any, Any]:
    """`einops.rearrange`, which is linear: the tangents rearranged. A list of tensors is stacked first."""
    import einops

    out = einops.rearrange(tensor, pattern, **axes_lengths)
    if is_zero(tensor_dot):
        return out, zero(out)
    return out, einops.rearrange(_arrays(tensor_dot, tensor), pattern, **axes_lengths)


def repeat_jvp(tensor: Any, tensor_dot: Any, pattern: str, **axes_lengths: Any) -> tuple[Any, Any]:
    """`einops.repeat`, which is linear: the tangents repeated."""
    import einops

    out = einops.repeat(tensor, pattern, **axes_lengths)
    if is_zero(tensor_dot):
        return out, zero(out)
    return out, einops.repeat(_arrays(tensor_dot, tensor), pattern, **axes_lengths)


def reduce_jvp(tensor: Any, tensor_dot: Any, pattern: str, reduction: Any, **axes_lengths: int) -> tuple[Any, Any]:
    """`einops.reduce`: sums and means are linear; extrema and products as in `jax.numpy`."""
    import einops

    out = einops.reduce(tensor, pattern, reduction, **axes_lengths)
    if is_zero(tensor_dot):
        return out, zero(out)
    tensor_dot = _arrays(tensor_dot, tensor)
    if reduction in ("sum", "mean"):
        return out, einops.reduce(tensor_dot, pattern, reduction, **axes_lengths)
    formulas: dict[str, Any] = {"max": max_jvp, "min": min_jvp, "prod": prod_jvp}
    if reduction not in formulas:
        raise TypeError(f"no derivative of einops.reduce with {reduction!r}")
    reduced: list[Any] = []

    def reducer(value: Any, axes: tuple[int, ...]) -> Any:
        """Stands for the reduction; called twice, for the tensor and then for its tangent."""
        reduced.append((value, tuple(axes)))
        if len(reduced) == 1:
            return jnp.sum(value, tuple(axes))
        return formulas[reduction](reduced[0][0], value, reduced[0][1])[1]

    einops.reduce(tensor, pattern, reducer, **axes_lengths)
    return out, einops.reduce(tensor_dot, pattern, reducer, **axes_lengths)


def _arrays(tangent: Any, primal: Any) -> Any:
    """The tangent of a tensor, or of a list of tensors, without Zeros."""
    if isinstance(primal, list | tuple):
        return [instantiate(t, p) for t, p in zip(tangent, primal, strict=True)]
    return tangent
