"""Zero: shapes, dtypes and weak types as the primal's arithmetic would give them, at no cost until asked."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jvpgen.runtime import Zero, zero
from jvpgen.runtime.record import Record
from jvpgen.runtime.zero import instantiate, is_zero

OPERANDS: dict[str, Any] = {
    "matrix": jnp.ones((3, 4)),
    "row": jnp.ones(4),
    "half": jnp.ones((3, 4), jnp.bfloat16),
    "integer": jnp.arange(4),
    "complex": jnp.ones(4, jnp.complex64),
    "scalar": jnp.float32(2),
    "weak": jnp.asarray(2.0),
    "number": 2.0,
    "count": 2,
    "numpy": np.ones((3, 1), np.float32),
    "empty": jnp.ones((0, 4)),
}
BINARY = [operator.add, operator.sub, operator.mul]


def described(value: Any) -> tuple[Any, Any, bool]:
    like = jax.typeof(value) if not isinstance(value, Zero) else value
    return like.shape, like.dtype, bool(like.weak_type)


@pytest.mark.parametrize("operation", BINARY)
@pytest.mark.parametrize("left", OPERANDS)
@pytest.mark.parametrize("right", OPERANDS)
def test_two_zeros(operation: Any, left: str, right: str) -> None:
    a, b = OPERANDS[left], OPERANDS[right]
    try:
        wanted = described(operation(jnp.asarray(a), jnp.asarray(b)))
    except (TypeError, ValueError):
        pytest.skip("not broadcastable")
    assert described(operation(Zero(a), Zero(b))) == wanted
    assert described(operation(Zero(a), b) if operation is operator.mul else operation(Zero(a), Zero(b))) == wanted


@pytest.mark.parametrize("operation", [operator.add, operator.sub])
@pytest.mark.parametrize("left", OPERANDS)
@pytest.mark.parametrize("right", OPERANDS)
def test_zero_and_array(operation: Any, left: str, right: str) -> None:
    a, b = OPERANDS[left], OPERANDS[right]
    if isinstance(b, int | float):
        return
    try:
        wanted = operation(jnp.zeros_like(a), b)
    except (TypeError, ValueError):
        pytest.skip("not broadcastable")
    got, swapped = operation(Zero(a), b), operation(b, Zero(a))
    for result, sign in ((got, 1), (swapped, 1 if operation is operator.add else -1)):
        assert result.shape == wanted.shape
        assert result.dtype == wanted.dtype
        np.testing.assert_array_equal(np.asarray(result), sign * np.asarray(wanted))


def test_the_array_itself_when_it_has_the_shape_of_the_sum() -> None:
    array = jnp.ones((3, 4))
    assert Zero(jnp.ones(4)) + array is array
    assert array - Zero(2.0) is array


METHODS: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda a: a.reshape(2, -1),
    "reshape tuple": lambda a: a.reshape((a.shape[0], -1)),
    "mean": lambda a: a.mean(0, keepdims=True),
    "sum": lambda a: a.sum(axis=-1),
    "T": lambda a: a.T,
    "mT": lambda a: a.mT,
    "real": lambda a: a.real,
    "imag": lambda a: a.imag,
    "transpose": lambda a: a.transpose(1, 0),
    "swapaxes": lambda a: a.swapaxes(0, 1),
    "index": lambda a: a[0],
    "slice": lambda a: a[..., 1:, None],
    "mask": lambda a: a[np.array([True, False])],
    "squeeze": lambda a: a[:1].squeeze(0),
    "ravel": lambda a: a.ravel(),
    "flatten": lambda a: a.flatten(),
    "repeat": lambda a: a.repeat(2, axis=0),
    "take": lambda a: a.take(jnp.array([0, 1]), axis=1),
    "cumsum": lambda a: a.cumsum(0),
    "astype": lambda a: a.astype(jnp.bfloat16),
    "astype int": lambda a: a.astype(int),
    "conj": lambda a: a.conj(),
    "divide": lambda a: a / 3,
    "divide by array": lambda a: a / np.ones((2, 1), np.float32),
    "matmul": lambda a: a @ np.ones((3, 5), np.float32),
    "left matmul": lambda a: np.ones((5, 2), np.float32) @ a,
    "negative": lambda a: -a,
    "dot": lambda a: a.dot(np.ones(3, np.float32)),
    "diagonal": lambda a: a.diagonal(),
    "at get": lambda a: a.at[0].get(),
    "at multiply": lambda a: a.at[0].multiply(2),
}


@pytest.mark.parametrize("name", METHODS)
def test_linear_operations(name: str) -> None:
    primal = jnp.arange(6.0).reshape(2, 3)
    wanted = METHODS[name](primal)
    got = METHODS[name](Zero(primal))
    assert isinstance(got, Zero)
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)


def test_indexed_updates() -> None:
    still = Zero(jnp.ones((2, 3)))
    assert isinstance(still.at[0].set(Zero(jnp.ones(3))), Zero)
    np.testing.assert_array_equal(still.at[0].set(jnp.ones(3)), [[1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(still.at[0, 1].add(2.0), [[0, 2, 0], [0, 0, 0]])


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    def explode() -> Any:
        raise AssertionError

    lazy = Zero.lazily(explode)
    assert is_zero((lazy + lazy).reshape(3).T * 2)
    with pytest.raises(AssertionError):
        _ = lazy.shape


def test_long_chains() -> None:
    value: Any = Zero(jnp.ones(3))
    for _ in range(5000):
        value = value * 2.0
    assert value.shape == (3,)


def test_integers_and_the_floats_they_become() -> None:
    assert (Zero(3) / 2).dtype == jnp.float32
    assert Zero(jnp.arange(3)).astype(float).dtype == jnp.float32


def test_iteration_and_length() -> None:
    rows = list(Zero(jnp.ones((2, 3))))
    assert [row.shape for row in rows] == [(3,), (3,)]
    assert len(Zero(jnp.ones((2, 3)))) == 2
    assert sum([Zero(jnp.ones(3)), jnp.ones(3)]).tolist() == [1, 1, 1]
    with pytest.raises(TypeError, match="scalar"):
        len(Zero(1.0))


def test_lists_of_zeros() -> None:
    assert len(operator.add([1], Zero([1.0, 2.0]))) == 3
    assert len(operator.add(Zero([1.0, 2.0]), [1])) == 3
    assert len(operator.add(zero([1.0, 2.0]), [Zero(1.0)])) == 3


MISUSES: list[Any] = [
    bool,
    hash,
    float,
    jnp.asarray,
    jax.jit(lambda a: a),
    lambda z: z == 1,
    lambda z: z != 1,
    lambda z: z < 0,
    lambda z: z**2,
    lambda z: 1 / z,
    lambda z: z // 2,
    lambda z: z.max(),
    lambda z: 1.0 in z,
]


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_refused(misuse: Any) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError)):
        misuse(Zero(jnp.ones(3)))


def test_inside_jit() -> None:
    def f(a: Any) -> Any:
        return Zero(a) @ jnp.ones((4, 2)) + a @ jnp.ones((4, 2)), a[0] + Zero(a)

    out = jax.jit(f)(jnp.ones((3, 4)))
    assert [o.shape for o in out] == [(3, 2), (3, 4)]


class Point(NamedTuple):
    x: Any
    y: Any


@jax.tree_util.register_pytree_node_class
class Box:
    def __init__(self, value: Any) -> None:
        self.value = value
        self.label = "box"

    def doubled(self) -> list[Any]:
        return [self.value * 2]

    def tree_flatten(self) -> Any:
        return (self.value,), None

    @classmethod
    def tree_unflatten(cls, _: Any, children: Any) -> Any:
        return cls(*children)


def test_zero_of_values() -> None:
    made = zero({"a": [1.0, None], "p": Point(jnp.ones(3), 2), "m": nn.Dense(3)})
    assert made["a"][1] is None
    assert made["p"].x.shape == (3,)
    made["a"].append(1)
    box = zero(Box(jnp.ones(3)))
    assert box.value.shape == (3,)
    assert box.doubled()[0].shape == (3,)
    with pytest.raises(AttributeError):
        _ = box.absent


def test_zero_of_a_mapping_that_is_no_dict() -> None:
    from flax.core import freeze

    made = zero(freeze({"a": jnp.ones(3)}))
    assert made["a"].shape == (3,)
    assert [(k, v.shape) for k, v in made.items()] == [("a", (3,))]
    assert list(made) == ["a"] and "a" in made
    assert made.get("b") is None


def test_zero_of_an_iterator_does_not_consume_it() -> None:
    source = iter([1.0, 2.0])
    with pytest.raises(TypeError, match="consume"):
        iter(zero(source))
    assert list(source) == [1.0, 2.0]


def test_instantiate() -> None:
    assert instantiate(Zero(1.0), 1.0).dtype == jnp.float32
    assert instantiate(None, jnp.arange(3)).dtype == jax.dtypes.float0
    assert instantiate(None, "text").dtype == jax.dtypes.float0
    key = jax.random.key(0)
    assert instantiate(None, key).dtype == jax.dtypes.float0
    array = jnp.ones(3)
    assert instantiate(array, array) is array


def test_is_zero() -> None:
    assert is_zero([Zero(1.0), {"a": None}, Record({"f": Zero(1.0)}, "object")])
    assert not is_zero([Zero(1.0), jnp.zeros(3)])
