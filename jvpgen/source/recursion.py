"""Deeply nested source, a sum of a thousand terms say, is walked by functions that call themselves as deeply."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_DEEPEST = 100_000  # Python's own frames live on the heap: this costs no stack


@contextmanager
def deep_recursion() -> Iterator[None]:
    """While this lasts, Python functions may nest as deeply as any source that the parser accepts."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEPEST))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
