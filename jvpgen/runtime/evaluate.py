"""`evaluate`: the public door of a derived plain function, as `apply_jvp` is a module's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jvpgen.runtime.boundary import materialised
from jvpgen.runtime.pair import Pair
from jvpgen.runtime.pushforward import push


def evaluate(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], /, **kwargs: Any) -> Any:
    """`function(*primals, **kwargs)` and its tangent, complete: zeros are arrays, integers have `float0`.

    A tangent of None is zero. Keyword arguments are constants, unless they are `Pair(primal, tangent)`.
    """
    arguments = [
        primal if tangent is None else Pair(primal, tangent) for primal, tangent in zip(primals, tangents, strict=True)
    ]
    out, out_dot = push(function, arguments, kwargs)
    return out, materialised(out_dot, out)
