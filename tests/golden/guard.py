"""A time in which nobody may differentiate with JAX or Flax: what runs must be generated code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import flax.core.lift
import flax.linen
import jax

from jvpgen.runtime import counts

_REFUSED: list[tuple[Any, str]] = [
    (jax, "jvp"),
    (jax, "linearize"),
    (jax, "vjp"),
    (flax.linen, "jvp"),
    (flax.core.lift, "jvp"),
]


@contextlib.contextmanager
def only_generated(*, differentiates: bool = False) -> Iterator[None]:
    """Inside, `jax.jvp` and its kin raise, unless the source calls them, and no call may be counted as opaque."""
    refused = [] if differentiates else _REFUSED
    originals = [getattr(owner, name) for owner, name in refused]
    counts.reset()

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the generated code reached jax.jvp")

    try:
        for owner, name in refused:
            setattr(owner, name, refuse)
        yield
    finally:
        for (owner, name), original in zip(refused, originals, strict=True):
            setattr(owner, name, original)
    assert not counts.snapshot().opaque, counts.snapshot().places
