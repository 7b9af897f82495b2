"""Deeply nested source, a sum of a thousand terms say, is walked by functions that call themselves as deeply."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_DEEPEST = 6_000  # calls; more could overflow the stack where C code, a comparison of tuples say, lies between them


@contextmanager
def deep_recursion() -> Iterator[None]:
    """While this lasts, functions may nest about as deeply as the deepest source that Python itself compiles."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
