"""Objects that can be called and hold arrays that move, where only a function will do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jvpgen.runtime.pair import Pair, is_pair, pairs, primal_of
from jvpgen.runtime.registry import body
from jvpgen.runtime.zero import is_zero


def as_function(f: Any) -> Any:
    """What is called, without a tangent of its own: an object that moves becomes a function that carries it."""
    if not is_pair(f) or is_zero(f.tangent):
        return primal_of(f)
    held, held_dot = f.primal, f.tangent

    def derivative(*args: Any, args_dot: Sequence[Any] = (), named_dot: Any = None, **named: Any) -> Any:
        from jvpgen.runtime.pushforward import push

        given = [Pair(arg, dot) for arg, dot in zip(args, args_dot, strict=True)]
        return push(Pair(held, held_dot), given, pairs(named, named_dot))

    return body(None, {"args": "args_dot", "named": "named_dot"})(derivative)
