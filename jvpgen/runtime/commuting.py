"""A time in which derivatives are taken in another order than the user wrote: the gradient of a tangent for the tangent
of a gradient.

Both are the same where every derivative is one. A rule that a user has given by hand need not be (its Jacobian may be
that of no function), and what JAX does to a call that jvpgen has not read may use one: these stop the attempt.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class OrderMatters(BaseException):
    """Here the order of differentiation may matter."""


class _Local(threading.local):
    depth = 0


_local = _Local()


@contextlib.contextmanager
def exchanged() -> Iterator[None]:
    """Within, the order is another than the user's."""
    _local.depth += 1
    try:
        yield
    finally:
        _local.depth -= 1


def order_matters() -> None:
    """Said where a derivative is taken that the user gave, or that JAX takes of something unread."""
    if _local.depth:
        raise OrderMatters
