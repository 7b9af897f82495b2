"""Pairs cross jit, scan and vmap with their Zeros, which are part of the structure."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest

from jvpgen.runtime import Pair, Zero, pairs, zero
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.pair import anchor, primal_of, tangent_of
from jvpgen.runtime.record import Record


class Point(NamedTuple):
    x: Any
    y: Any


def test_unpacks() -> None:
    primal, tangent = Pair(jnp.ones(3), jnp.zeros(3))
    assert primal.shape == tangent.shape == (3,)
    assert isinstance(Pair(1.0).tangent, Zero)


def test_zeros_cross_jit_without_arrays() -> None:
    traced = []

    @jax.jit
    def f(pair: Any) -> Any:
        traced.append(pair)
        return Pair(pair.primal["a"] * 2, pair.tangent["a"] * 2)

    tree = {"a": jnp.ones(3), "b": (jnp.ones(2), None)}
    out = f(Pair(tree, {"a": jnp.ones(3), "b": (Zero(tree["b"][0]), None)}))
    assert traced[0].tangent["b"][0].shape == (2,)
    assert traced[0].tangent["b"][1] is None
    assert out.tangent.tolist() == [2, 2, 2]
    still = f(Pair(tree, {"a": Zero(tree["a"]), "b": (Zero(tree["b"][0]), None)}))
    assert isinstance(still.tangent, Zero) and still.tangent.shape == (3,)
    assert len(traced) == 2


def test_the_zero_of_a_batched_primal_loses_the_axis() -> None:
    def f(pair: Any) -> Any:
        assert pair.tangent.shape == (4,)
        return Pair(pair.primal.sum(), pair.tangent.sum())

    out = jax.vmap(f)(Pair(jnp.ones((3, 4))))
    assert out.tangent.shape == (3,)


def test_scan() -> None:
    def step(carry: Any, x: Any) -> Any:
        return Pair(carry.primal + x.primal, carry.tangent + x.tangent), x

    xs = Pair(jnp.ones((5, 2)), jnp.ones((5, 2)))
    carry, ys = jax.lax.scan(step, Pair(jnp.zeros(2), jnp.zeros(2)), xs)
    assert carry.tangent.tolist() == [5, 5]
    assert ys.tangent.shape == (5, 2)


def test_records_and_named_tuples() -> None:
    point = Point(jnp.ones(3), jnp.ones(2))
    pair = Pair(point, Record({"x": jnp.ones(3), "y": Zero(point.y)}, "tuple"))
    leaves, structure = jax.tree.flatten(pair)
    assert len(leaves) == 3
    assert structure.unflatten(leaves).tangent.y.shape == (2,)
    pair = Pair(point, Point(Zero(point.x), jnp.ones(2)))
    leaves, structure = jax.tree.flatten(pair)
    assert structure.unflatten(leaves).tangent.x.shape == (3,)


def test_pairs() -> None:
    made = pairs({"a": 1.0, "b": 2.0}, {"a": jnp.float32(3)})
    assert made["a"].tangent == 3 and isinstance(made["b"].tangent, Zero)
    assert isinstance(pairs({"a": 1.0}, None)["a"].tangent, Zero)
    assert isinstance(pairs({"a": 1.0}, zero({"a": 1.0}))["a"].tangent, Zero)


def test_anchor_shortens_chains() -> None:
    primal = [jnp.ones(3), {"a": jnp.ones(2)}]
    anchored = anchor([Zero(primal[0]) * 2, {"a": None}], primal)
    assert anchored[0]._primal is primal[0]
    assert anchored[1]["a"].shape == (2,)


def test_anchor_fits_arrays() -> None:
    assert anchor(jnp.ones(3), jnp.ones(3, jnp.bfloat16)).dtype == jnp.bfloat16
    assert isinstance(anchor([jnp.ones(3)], [jnp.arange(3)])[0], Zero)
    with pytest.raises(TypeError, match="shape"):
        anchor(jnp.ones(3), jnp.ones((2, 3)))


def test_halves_of_mixed_values() -> None:
    value = {"static": 3, "moving": [Pair(1.0, jnp.float32(2))]}
    assert primal_of(value) == {"static": 3, "moving": [1.0]}
    assert tangent_of(value)["moving"] == [2]
    assert isinstance(tangent_of(value)["static"], Zero)


@pytest.mark.parametrize("form", ["tuple", "mapping", "model_output", "object"])
def test_record(form: Any) -> None:
    record = Record({"logits": jnp.ones(3), "loss": None}, form)
    assert record.logits is record["logits"]
    assert len(record) == (1 if form == "model_output" else 2)
    if form in ("mapping", "model_output"):
        assert record.get("absent", 1) == 1
        assert len(record.to_tuple()) == len(record)
        assert next(iter(record)) == "logits"
    else:
        with pytest.raises(AttributeError, match=r"no tangent of a field .get."):
            record.get("absent", 1)
    if form == "tuple":
        assert next(iter(record)) is record.logits
    assert record.replace(loss=jnp.ones(2)).loss.shape == (2,)
    with pytest.raises(AttributeError, match="absent"):
        _ = record.absent


def test_record_is_no_array() -> None:
    """What a user's class defines, and is not linear in general, is refused; fields may have any name."""
    record = Record({"values": jnp.ones(3), "get": jnp.ones(2)}, "object")
    assert record.values.shape == (3,)
    assert record.get.shape == (2,)
    for refused in (lambda: 2.0 * record, lambda: record + record, lambda: jnp.ones(3) * record, lambda: -record):
        with pytest.raises(LostTangent, match="an operator of a user's class"):
            refused()
    for refused in (lambda: record[0], lambda: iter(record)):
        with pytest.raises(LostTangent, match="a method of its class"):
            refused()
