"""Filters of collections that treat each shadow as its collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flax.core.scope import DenyList

from jvpgen.runtime.shadows import extended_filter


def with_shadows(chosen: Any, suffix: str) -> Any:
    """The same filter, of shadows too; hashable if it was."""
    if isinstance(chosen, DenyList):
        return DenyList(with_shadows(chosen.deny, suffix))
    extended = extended_filter(chosen, suffix)
    return extended if isinstance(extended, bool) else tuple(extended)


def axes_with_shadows(axes: Mapping[Any, Any], suffix: str) -> dict[Any, Any]:
    """`{"params": 0}`, and so of the shadow of `params`."""
    return {with_shadows(chosen, suffix): axis for chosen, axis in axes.items()}
