"""Whose code runs just now: a generated body, which says which of its calls have tangents, or the user's own.

In a generated body a plain call of another module's method claims that nothing in its result moves. The compiler has
read that off a name (`table.get("x")`), so it is looked into before it is believed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import flax.linen as nn


class _Region(threading.local):
    is_derived = False
    module: Any = None


_region = _Region()


@contextlib.contextmanager
def derived(receiver: Any) -> Iterator[None]:
    """Within, a generated body runs: of a method of `receiver`, if that is a module."""
    with _entered(True, receiver if isinstance(receiver, nn.Module) else _region.module):
        yield


@contextlib.contextmanager
def plain() -> Iterator[None]:
    """Within, code runs as the user wrote it."""
    with _entered(False, _region.module):
        yield


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Within, no module's code runs yet."""
    with _entered(False, None):
        yield


@contextlib.contextmanager
def _entered(is_derived: bool, module: Any) -> Iterator[None]:
    before = _region.is_derived, _region.module
    _region.is_derived, _region.module = is_derived, module
    try:
        yield
    finally:
        _region.is_derived, _region.module = before


def claims_no_tangent(module: Any) -> bool:
    """Whether a plain call of a method of `module` is made by a generated body of something else."""
    return _region.is_derived and module is not _region.module
