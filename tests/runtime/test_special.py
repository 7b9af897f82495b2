"""Operators and properties of users' classes, and records whose class a generated file does not know."""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from jvpgen.runtime import Pair, body, counts, pushforward, zero
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.record import Record

X, Y = jnp.array([1.0, 2.0]), jnp.array([3.0, 5.0])
X_DOT, Y_DOT = jnp.array([0.5, 1.0]), jnp.array([-1.0, 2.0])


@struct.dataclass
class Sized:
    size: Any
    w: Any

    def __mul__(self, other: Any) -> Any:
        return Sized(jnp.tanh(self.size) * other.size, self.w) if isinstance(other, Sized) else NotImplemented

    def __rmul__(self, number: Any) -> Sized:
        return Sized(number * self.size**2, self.w)

    @property
    def area(self) -> Any:
        return self.size * self.w

    @functools.cached_property
    def depth(self) -> Any:
        return self.w**2


class Line(NamedTuple):
    a: Any
    b: Any

    def __add__(self, other: Any) -> Line:  # type: ignore[override]
        return Line(self.a * other.a, self.b)


def moving(kind: Any) -> tuple[Any, Any]:
    return pushforward(kind, (X, Y), (X_DOT, Y_DOT))


def agrees(f: Any, got: Any, *values: Any) -> None:
    """`got` is the value and tangent that JAX finds for `f` of records along (X_DOT, Y_DOT)."""
    tangents = tuple(type(value)(X_DOT, Y_DOT) for value in values)
    out, out_dot = jax.jvp(f, values, tangents)
    jax.tree.map(np.testing.assert_allclose, (out, jax.tree.leaves(out_dot)), (got[0], jax.tree.leaves(got[1])))


@pytest.mark.parametrize("kind", [Sized, Line])
def test_operators_of_a_class(kind: Any) -> None:
    value, dot = moving(kind)
    f = operator.mul if kind is Sized else operator.add
    agrees(f, pushforward(f, (value, value), (dot, dot)), value, value)


def test_reflected_operator() -> None:
    value, dot = moving(Sized)
    agrees(functools.partial(operator.mul, 2.0), pushforward(operator.mul, (2.0, value), (None, dot)), value)
    with pytest.raises((TypeError, LostTangent)):
        pushforward(operator.mul, (value, "text"), (dot, None))


def test_operators_of_containers() -> None:
    out, out_dot = pushforward(operator.add, ([X], [Y]), ([X_DOT], [Y_DOT]))
    assert len(out) == 2
    assert [item is dot for item, dot in zip(out_dot, (X_DOT, Y_DOT), strict=True)] == [True, True]
    assert pushforward(operator.mul, ((X,), 2), ((X_DOT,), None))[1] == (X_DOT, X_DOT)
    assert pushforward(operator.getitem, ({"a": X}, "a"), ({"a": X_DOT}, None))[1] is X_DOT
    assert pushforward(operator.or_, ({"a": X}, {"b": Y}), ({"a": X_DOT}, {"b": Y_DOT}))[1] == {"a": X_DOT, "b": Y_DOT}


@pytest.mark.parametrize("name", ["area", "depth"])
def test_properties(name: str) -> None:
    value, dot = moving(Sized)
    agrees(operator.attrgetter(name), pushforward(getattr, (value, name), (dot, None)), value)


def test_attributes_of_arrays() -> None:
    assert pushforward(getattr, (X, "shape"), (X_DOT, None))[0] == (2,)
    np.testing.assert_array_equal(pushforward(getattr, (X, "T"), (X_DOT, None))[1], X_DOT)


def test_unknown_records_are_not_taken_for_arrays() -> None:
    def doubled(x: Any) -> Any:
        return x.size * 2

    @body(doubled)
    def _doubled(x: Any, x_dot: Any) -> Any:
        return x.size * 2, zero(x.size)

    value, dot = moving(Sized)
    counts.reset()
    out, out_dot = pushforward(doubled, (value,), (dot,))
    assert counts.snapshot().opaque == 1
    np.testing.assert_allclose(out_dot, 2 * X_DOT)
    np.testing.assert_allclose(out, 2 * X)


def test_results_of_unknown_classes_are_refused() -> None:
    def used() -> Any:
        made, _ = pushforward(Sized, (X, Y), (X_DOT, Y_DOT))
        return made.size * 2

    with pytest.raises(LostTangent, match=r"nothing that was generated knows Sized\.size"):
        used()


def test_a_field_may_be_called_as_methods_are() -> None:
    record = Record({"values": X_DOT, "replace": Y_DOT}, "tuple")
    assert Pair(None, record).tangent.values is X_DOT
