"""`tangent_numpy` and `tangent_lax`: linear functions on tangents that may be Zeros."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from jvpgen.runtime import tangent_lax, tangent_numpy
from jvpgen.runtime.zero import Zero, zero

X = jnp.arange(6.0).reshape(2, 3)
NOTHING = zero(X)


@pytest.mark.parametrize(
    ("result", "shape"),
    [
        (lambda: tangent_numpy.reshape(NOTHING, (3, 2)), (3, 2)),
        (lambda: tangent_numpy.sum(NOTHING, axis=1, initial=0), (2,)),
        (lambda: tangent_numpy.where(X > 0, NOTHING, 0), (2, 3)),
        (lambda: tangent_numpy.where(X > 0, 0, NOTHING), (2, 3)),
        (lambda: tangent_numpy.concatenate([NOTHING, NOTHING]), (4, 3)),
        (lambda: tangent_numpy.matmul(NOTHING, jnp.ones((3, 4))), (2, 4)),
        (lambda: tangent_numpy.einsum("ij,jk->ik", jnp.ones((4, 2)), NOTHING), (4, 3)),
        (lambda: tangent_numpy.einsum(X, [0, 1], NOTHING, [2, 1], []), ()),
        (lambda: tangent_numpy.take(NOTHING, jnp.array([0]), axis=0, fill_value=0), (1, 3)),
        (lambda: tangent_numpy.fft.fft(NOTHING), (2, 3)),
        (lambda: tangent_lax.dynamic_update_slice(NOTHING, zero(X[:1]), (0, 0)), (2, 3)),
        (lambda: tangent_lax.dot_general(NOTHING, X.T, (((1,), (0,)), ((), ()))), (2, 2)),
        (lambda: tangent_numpy.at(NOTHING)[0].set(zero(X[0])), (2, 3)),
    ],
)
def test_a_linear_function_of_nothing_is_nothing(result: Any, shape: tuple[int, ...]) -> None:
    tangent = result()
    assert isinstance(tangent, Zero) and tangent.shape == shape


def test_several_results_can_be_unpacked() -> None:
    first, second = tangent_numpy.split(zero(jnp.ones(4)), 2)
    assert first.shape == second.shape == (2,)


@pytest.mark.parametrize(
    ("tangent", "expected"),
    [
        (lambda: tangent_numpy.where(X > 2, X, NOTHING), np.where(X > 2, X, 0)),
        (lambda: tangent_numpy.concatenate([X, NOTHING]), np.concatenate([X, 0 * X])),
        (lambda: tangent_numpy.stack((NOTHING, X)), np.stack([0 * X, X])),
        (lambda: tangent_lax.dynamic_update_slice(NOTHING, X[:1], (1, 0)), np.array([[0, 0, 0], [0, 1, 2]])),
        (lambda: tangent_numpy.at(NOTHING)[1].set(X[0]), np.array([[0, 0, 0], [0, 1, 2]])),
        (lambda: tangent_numpy.at(X)[1].set(zero(X[0])), np.array([[0, 1, 2], [0, 0, 0]])),
        (lambda: tangent_numpy.at(X)[:, 0].add(zero(X[:, 0])), X),
        (lambda: tangent_numpy.einsum(X, [0, 1], jnp.ones(3), [1], [0, 1]), X),
        (lambda: tangent_lax.pad(X, 0, ((0, 0, 0), (0, 0, 0))), X),
        (lambda: tangent_lax.pad(X.astype(complex), 0, ((0, 0, 0), (0, 0, 0))).real, X),
        (lambda: tangent_numpy.array([zero(1.0), jnp.float32(2)]), np.array([0, 2])),
    ],
)
def test_zeros_are_filled_in_beside_tangents(tangent: Any, expected: Any) -> None:
    assert tangent().dtype == X.dtype
    np.testing.assert_array_equal(tangent(), expected)


def test_a_zero_beside_a_half_does_not_widen_it() -> None:
    half = X.astype(jnp.bfloat16)
    assert tangent_numpy.where(X > 2, half, zero(-1e9)).dtype == jnp.bfloat16
    assert tangent_numpy.where(X > 2, half, 0).dtype == jnp.bfloat16


def test_what_becomes_an_integer_loses_its_tangent() -> None:
    cast = tangent_numpy.astype(X, jnp.int32)
    assert isinstance(cast, Zero) and cast.dtype == jnp.int32
    assert isinstance(tangent_numpy.asarray(X, dtype=bool), Zero)


def test_what_is_not_linear_is_left_as_it_is() -> None:
    assert tangent_numpy.cos is jnp.cos and tangent_numpy.pi is jnp.pi
    with pytest.raises(AttributeError):
        tangent_numpy.no_such_function  # noqa: B018
