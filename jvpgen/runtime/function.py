"""`function_jvp`: the public door of a derived plain function, as `apply_jvp` is a module's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jvpgen.runtime import boundary, live
from jvpgen.runtime.pair import Pair
from jvpgen.runtime.pushforward import push


def function_jvp(
    function: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any] | None,
    keywords: Mapping[str, Any] | Pair | None = None,
    /,
    **kwargs: Any,
) -> Any:
    """`function(*primals, **kwargs)` and its tangent, complete: zeros are arrays, integers have `float0`.

    A tangent of None is zero. Keyword arguments are constants, unless they are `Pair(primal, tangent)`; `keywords`
    holds more of them, as a mapping or as a Pair of the mapping and its tangents.
    """
    args = boundary.arguments(primals, tangents)
    named = boundary.named_arguments(kwargs, keywords)
    with live.remembered():
        out, out_dot = push(function, args, named)
    return boundary.completed(out, out_dot)
