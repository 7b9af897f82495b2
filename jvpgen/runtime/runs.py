"""Which `jvp` the code runs inside of, and whether a scope belongs to it.

Inside `jvpgen.jvp` the variables that move are those of the scopes it was given, lifted. A module or scope from outside
that is closed over is constant: what is stored there would outlive the call, its tangent included. Flax refuses that by
comparing JAX's trace levels; here nothing is traced anew, so scopes say how many `jvp`s are around them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator

from flax.core import Scope, freeze
from flax.errors import JaxTransformError

_FLAG = "jvpgen_depth"


class _Depth(threading.local):
    value = 0


_depth = _Depth()


@contextlib.contextmanager
def inside(scopes: Iterable[Scope]) -> Iterator[None]:
    """Within, only scopes made from these belong."""
    before = _depth.value
    _depth.value = before + 1
    for scope in scopes:
        scope.flags = freeze({**scope.flags, _FLAG: _depth.value})
    try:
        yield
    finally:
        _depth.value = before


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Within, a module is applied to variables of its own, whose scope comes from nowhere."""
    before = _depth.value
    _depth.value = 0
    try:
        yield
    finally:
        _depth.value = before


def check(scope: Scope | None) -> None:
    """Raises what Flax raises when a transformation stores in a scope from outside of it."""
    if _depth.value and scope is not None and scope.flags.get(_FLAG, 0) != _depth.value:  # type: ignore[no-untyped-call]
        raise JaxTransformError
