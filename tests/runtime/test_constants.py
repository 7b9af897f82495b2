"""Lists and dicts whose tangents nobody keeps: a call that stores something moving in one stops."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import pytest

from jvpgen.runtime import pushforward
from jvpgen.runtime.errors import LostTangent

ONE = jnp.ones(3)


def stores(container: Any, value: Any) -> Any:
    container["inner"].append(value)
    return value


def counts(container: Any, value: Any) -> Any:
    container["calls"] += 1
    return value * container["calls"]


def test_a_constant_container_gets_no_array() -> None:
    with pytest.raises(LostTangent, match="stores stores an array in a dict that is taken for constant"):
        pushforward(stores, ({"inner": [1.0]}, ONE), (None, ONE))


def test_a_constant_container_may_count() -> None:
    container = {"calls": 1}
    out, out_dot = pushforward(counts, (container, ONE), (None, ONE))
    assert container == {"calls": 2}
    assert (out == 2 * ONE).all() and (out_dot == 2 * ONE).all()


def test_a_call_without_derivative_does_not_change_a_copy() -> None:
    with pytest.raises(LostTangent, match="stores changes a dict that it is given, and has no derivative of its own"):
        pushforward(stores, ({"inner": [ONE]}, ONE), ({"inner": [ONE]}, ONE))
    with pytest.raises(LostTangent, match="move_to_end changes a OrderedDict"):
        pushforward(OrderedDict.move_to_end, (OrderedDict(a=ONE, b=ONE), "a"), (OrderedDict(a=ONE, b=ONE), None))


@pytest.mark.parametrize("method", [[0.0].append, {"a": 0.0}.setdefault], ids=["append", "setdefault"])
def test_a_method_of_a_constant_container(method: Callable[..., Any]) -> None:
    given = ("b", ONE) if method.__name__ == "setdefault" else (ONE,)
    with pytest.raises(LostTangent, match=f"{method.__name__} stores a value that has a tangent"):
        pushforward(method, given, (*(None for _ in given[1:]), ONE))


def test_a_read_with_a_moving_default() -> None:
    out, out_dot = pushforward({"a": ONE}.get, ("b", ONE * 2), (None, ONE * 3))
    assert (out == 2 * ONE).all() and (out_dot == 3 * ONE).all()
