"""Functions that are made when a program runs and carry tangents: their derivatives know what they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jvpgen.runtime.pair import Pair, is_pair, pairs, primal_of
from jvpgen.runtime.pushing import Outcome, push
from jvpgen.runtime.registry import body
from jvpgen.runtime.zero import is_zero


class MethodTangent:
    """The tangent of a bound method: that of the object that it is bound to."""

    __slots__ = ("__self__",)

    def __init__(self, receiver_dot: Any) -> None:
        self.__self__ = receiver_dot

    def all_zero(self) -> bool:
        return is_zero(self.__self__)


def as_function(f: Any) -> Any:
    """What is called, without a tangent of its own: an object that moves becomes a function that carries it."""
    if not is_pair(f) or is_zero(f.tangent):
        return primal_of(f)
    return carrying(f.primal, f.tangent, push)


def carrying(held: Any, held_dot: Any, run: Callable[[Any, list[Any], dict[str, Any]], Outcome]) -> Any:
    """A function whose outcome is `run(Pair(held, held_dot), args, kwargs)`, the arguments being Pairs.

    What the function holds is known by the name of `held_dot`: nothing that knows no tangents is given it in silence.
    """

    def derivative(*args: Any, args_dot: Sequence[Any] = (), named_dot: Any = None, **named: Any) -> Outcome:
        given = [Pair(arg, dot) for arg, dot in zip(args, args_dot, strict=True)]
        return run(Pair(held, held_dot), given, pairs(named, named_dot))

    return body(None, {"args": "args_dot", "named": "named_dot"})(derivative)
