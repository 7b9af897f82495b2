"""`pushforward` of builtins and classes, which move values around and compute nothing."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import operator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from jvpgen.runtime import Method, Pair, Zero, pushforward, zero
from jvpgen.runtime.errors import LostTangent
from jvpgen.runtime.pair import anchor

ONE, TWO, THREE = (jnp.full(2, float(i)) for i in (1, 2, 3))
DOTS = [ONE * 10, TWO * 10, THREE * 10]


def same(got: Any, wanted: Any) -> None:
    got, wanted = jax.tree.leaves(got), jax.tree.leaves(wanted)
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_sequences_and_dicts() -> None:
    same(pushforward(list, ((ONE, TWO),), ((DOTS[0], DOTS[1]),))[1], DOTS[:2])
    same(pushforward(tuple, ([ONE],), ([DOTS[0]],))[1], (DOTS[0],))
    assert pushforward(list, (), ())[1] == []
    out, out_dot = pushforward(dict, ({"a": ONE},), ({"a": DOTS[0]},), b=Pair(TWO, DOTS[1]))
    same(out, {"a": ONE, "b": TWO})
    same(out_dot, {"a": DOTS[0], "b": DOTS[1]})
    out, out_dot = pushforward(dict, ([("a", ONE)],), ([(Zero("a"), DOTS[0])],))
    same(out_dot, {"a": DOTS[0]})
    out, out_dot = pushforward(list, (iter([ONE, TWO]),), (None,))
    same(out, [ONE, TWO])
    assert out_dot[0].shape == (2,)


def test_iteration() -> None:
    xs, xs_dot = [ONE, TWO, THREE], DOTS
    rows, rows_dot = pushforward(zip, (xs, itertools.count()), (xs_dot, None))
    assert [i for _, i in rows] == [0, 1, 2]
    same([d for d, _ in rows_dot], DOTS)
    rows, rows_dot = pushforward(enumerate, (xs, 5), (xs_dot, None))
    assert rows[0][0] == 5
    same([d for _, d in rows_dot], DOTS)
    same(pushforward(reversed, (xs,), (xs_dot,))[1], DOTS[::-1])
    same(pushforward(sorted, (xs,), (xs_dot,), key=lambda v: -float(v[0]))[1], DOTS[::-1])
    same(pushforward(map, (jnp.sin, xs), (None, xs_dot))[1], [jnp.cos(x) * d for x, d in zip(xs, DOTS, strict=True)])
    same(pushforward(filter, (lambda v: v[0] > 1, xs), (None, xs_dot))[1], DOTS[1:])
    same(pushforward(itertools.chain, (xs[:1], xs[1:]), (DOTS[:1], DOTS[1:]))[1], DOTS)
    it, it_dot = pushforward(iter, (xs,), (xs_dot,))
    same(pushforward(next, (it,), (it_dot,))[1], DOTS[0])


def test_folds() -> None:
    same(pushforward(sum, ([ONE, TWO],), (DOTS[:2],))[1], DOTS[0] + DOTS[1])
    same(pushforward(sum, ([ONE, TWO], THREE), ([Zero(ONE), DOTS[1]], None))[1], DOTS[1])
    assert isinstance(pushforward(sum, ([ONE, TWO],), (None,))[1], Zero)
    out, out_dot = pushforward(functools.reduce, (operator.mul, [ONE, TWO, THREE]), (None, DOTS))
    same((out, out_dot), jax.jvp(lambda a, b, c: a * b * c, (ONE, TWO, THREE), tuple(DOTS)))
    same(pushforward(functools.reduce, (operator.add, [ONE], TWO), (None, [DOTS[0]], DOTS[1]))[1], DOTS[0] + DOTS[1])
    same(pushforward(max, (1.0, 2.0), (DOTS[0], DOTS[1])), (2.0, DOTS[1]))
    same(pushforward(min, ([1.0, 2.0],), (DOTS[:2],)), (1.0, DOTS[0]))


def test_questions() -> None:
    assert pushforward(len, ([ONE],), ([DOTS[0]],))[0] == 1
    assert pushforward(isinstance, (ONE, jax.Array), (DOTS[0], None))[0]
    same(pushforward(getattr, (zero, "absent", ONE), (None, None, DOTS[0]))[1], DOTS[0])
    assert pushforward("{}-{}".format, (1, 2), (None, None))[0] == "1-2"


def test_methods_of_containers() -> None:
    xs, xs_dot = [ONE], [DOTS[0]]
    pushforward(list.append, (xs, TWO), (xs_dot, DOTS[1]))
    pushforward(Method("insert"), (xs, 0, THREE), (xs_dot, None, DOTS[2]))
    same((xs, xs_dot), ([THREE, ONE, TWO], [DOTS[2], DOTS[0], DOTS[1]]))
    same(pushforward(Method("pop"), (xs,), (xs_dot,)), (TWO, DOTS[1]))
    pushforward(list.append, (xs, TWO), (xs_dot, None))
    assert isinstance(xs_dot[-1], Zero)
    d, d_dot = {"a": ONE}, {"a": DOTS[0]}
    same(pushforward(Method("get"), (d, "a"), (d_dot, None)), (ONE, DOTS[0]))
    same(pushforward(Method("get"), (d, "b", TWO), (d_dot, None, DOTS[1])), (TWO, DOTS[1]))
    pushforward(Method("update"), (d, {"b": TWO}), (d_dot, {"b": DOTS[1]}))
    same(d_dot, {"a": DOTS[0], "b": DOTS[1]})
    same(list(pushforward(Method("values"), (d,), (d_dot,))[1]), DOTS[:2])
    assert list(pushforward(Method("keys"), (d,), (d_dot,))[0]) == ["a", "b"]
    same(pushforward(Method("pop"), (d, "a"), (d_dot, None)), (ONE, DOTS[0]))
    with pytest.raises(LostTangent):
        pushforward(list.append, ([ONE], TWO), (Zero([ONE]).missing if False else Zero(object()), DOTS[1]))


def test_methods_of_arrays_found_at_run_time() -> None:
    x = jnp.arange(6.0)
    same(pushforward(Method("reshape"), (x, (2, 3)), (x * 2, None)), (x.reshape(2, 3), (x * 2).reshape(2, 3)))
    same(pushforward(Method("upper"), ("text",), (None,))[0] == "TEXT", True)


def test_attributes_of_arrays_got_by_name() -> None:
    x = jnp.arange(6.0).reshape(2, 3)
    assert pushforward(getattr, (x, "shape"), (x, None))[0] == (2, 3)
    same(pushforward(getattr, (x, "T"), (x * 2, None))[1], (x * 2).T)
    with pytest.raises(LostTangent, match="attribute `at`"):
        pushforward(getattr, (x, "at"), (x, None))


def test_arrays_joined_by_subscripts() -> None:
    whole = jnp.arange(2)
    joined = pushforward(operator.getitem, (jnp.r_, (whole, ONE, 3, [TWO[0], 1])), (None, (None, DOTS[0], 0, None)))
    same(joined, (jnp.r_[whole, ONE, 3, jnp.array([TWO[0], 1])], jnp.r_[jnp.zeros(2), DOTS[0], jnp.zeros(3)]))
    assert isinstance(pushforward(operator.getitem, (jnp.c_, (ONE, TWO)), (None, None))[1], Zero)
    with pytest.raises(LostTangent, match="NumPy"):
        pushforward(operator.getitem, (np.r_, (ONE, TWO)), (None, (DOTS[0], None)))


class Output(NamedTuple):
    logits: Any
    hidden: Any = None


@dataclasses.dataclass
class Plain:
    logits: Any
    hidden: Any = None


@struct.dataclass
class Struct:
    logits: Any
    hidden: Any = None

    def doubled(self) -> Any:
        return self.logits * 2


@pytest.mark.parametrize("kind", [Output, Plain, Struct])
def test_users_containers(kind: Any) -> None:
    out, out_dot = pushforward(kind, (ONE,), (DOTS[0],), hidden=Pair([TWO], [DOTS[1]]))
    same((out.logits, out.hidden), (ONE, [TWO]))
    same((out_dot.logits, out_dot.hidden), (DOTS[0], [DOTS[1]]))
    still, still_dot = pushforward(kind, (ONE,), (None,))
    assert still_dot.logits.shape == (2,)
    assert anchor(out_dot, out).logits is DOTS[0]
    assert still.hidden is None and still_dot.hidden is None


def test_methods_of_users_containers() -> None:
    out, out_dot = pushforward(Struct, (ONE,), (DOTS[0],))
    changed, changed_dot = pushforward(Method("replace"), (out,), (out_dot,), logits=Pair(TWO, DOTS[1]))
    same((changed.logits, changed_dot.logits), (TWO, DOTS[1]))
    same(pushforward(Method("doubled"), (out,), (out_dot,)), (ONE * 2, DOTS[0] * 2))


def test_model_output() -> None:
    outputs = pytest.importorskip("transformers.modeling_flax_outputs")
    kind = outputs.FlaxBaseModelOutputWithPooling
    out, out_dot = pushforward(kind, (), (), last_hidden_state=Pair(ONE, DOTS[0]), pooler_output=None)
    same(out.to_tuple(), (ONE,))
    same(out_dot.to_tuple(), (DOTS[0],))
    same(out_dot[0], DOTS[0])
    same(out_dot["last_hidden_state"], DOTS[0])
    assert list(out_dot) == list(out) == ["last_hidden_state"]


class Stateful:
    def __init__(self, value: Any) -> None:
        self.value = value


def test_a_class_that_jax_cannot_look_into_is_refused() -> None:
    with pytest.raises(LostTangent, match="Stateful"):
        pushforward(Stateful, (ONE,), (DOTS[0],))
    assert pushforward(Stateful, (ONE,), (None,))[0].value is ONE
