"""Rules that a program registers, and functions without a tangent, as `pushforward` and `transform` meet them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jvpgen
from jvpgen.rules import RuleError
from jvpgen.runtime import Pair, body, counts, pushforward, user_rules
from jvpgen.runtime.zero import is_zero

X = jax.random.normal(jax.random.key(1), (4, 3))

OPS = """\
import jax
import jax.numpy as jnp
import jvpgen


def swish(x, beta=1.0):
    return x * jax.nn.sigmoid(beta * x)


@jax.jit
def shifted(x, by):
    return x + by


def doubled(x, n):
    return n * x


def product(a, b):
    return a * b


@jax.custom_jvp
def clipped(x):
    return jnp.clip(x, -1, 1)


clipped.defjvps(lambda x_dot, out, x: 7 * x_dot)


class Tools:
    @staticmethod
    def double(x):
        return 2 * x
"""


@pytest.fixture
def ops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of functions, importable as `user_ops`, and no rules but those of the test."""
    (tmp_path / "user_ops.py").write_text(OPS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(user_rules, "_waiting", [])
    monkeypatch.setattr(user_rules, "_by_identity", {})
    monkeypatch.setattr(user_rules, "_by_name", {})
    importlib.invalidate_caches()
    yield importlib.import_module("user_ops")
    del sys.modules["user_ops"]


def pushed(f: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """The outcome where every array among the arguments moves along itself."""
    tangents = [a if isinstance(a, jax.Array) else None for a in args]
    return pushforward(f, args, tangents, **kwargs)


def test_a_rule_is_used_for_its_function(ops: ModuleType) -> None:
    jvpgen.rule("user_ops.swish(x, beta=1.0)", x_dot="5 * x_dot", beta_dot="beta_dot * out", broadcast=False)
    out, out_dot = pushed(ops.swish, X)
    np.testing.assert_array_equal(out, ops.swish(X))
    np.testing.assert_allclose(out_dot, 5 * X, rtol=1e-6)
    beta = jnp.asarray(2.0)
    _, out_dot = pushforward(ops.swish, (X,), (None,), beta=Pair(beta, beta))
    np.testing.assert_allclose(out_dot, beta * ops.swish(X, beta), rtol=1e-6)
    assert counts.snapshot().opaque == 0 and counts.snapshot().dispatched == 2


def test_a_term_may_broadcast(ops: ModuleType) -> None:
    jvpgen.rule("user_ops.shifted(x, by)", x_dot="x_dot", by_dot="by_dot", broadcast=True)
    _, out_dot = pushforward(ops.shifted, (X[0], X), (X[0], None))
    np.testing.assert_allclose(out_dot, jnp.broadcast_to(X[0], X.shape))
    assert counts.snapshot().opaque == 0


def test_linear_and_multilinear_functions_are_called_on_tangents(ops: ModuleType) -> None:
    jvpgen.linear("user_ops.doubled(x, n)", "user_ops.Tools.double(x)")
    jvpgen.multilinear("user_ops.product(a, b)")
    np.testing.assert_allclose(pushed(ops.doubled, X, 3)[1], 3 * X)
    np.testing.assert_allclose(pushed(ops.Tools.double, X)[1], 2 * X)
    np.testing.assert_allclose(pushed(ops.product, X, X)[1], 2 * X * X)
    np.testing.assert_allclose(pushforward(ops.product, (X, X), (None, X))[1], X * X)
    assert counts.snapshot().opaque == 0


def test_where_a_rule_is_none_for_the_call_the_function_is_differentiated(ops: ModuleType) -> None:
    jvpgen.rule("user_ops.product(a, b)", a_dot="100 * a_dot")
    np.testing.assert_allclose(pushforward(ops.product, (X, X), (X, None))[1], 100 * X)
    np.testing.assert_allclose(pushed(ops.product, X, X)[1], 2 * X * X)
    assert counts.snapshot().opaque == 1


def test_a_term_0_says_that_the_result_does_not_move(ops: ModuleType) -> None:
    jvpgen.rule("user_ops.product(a, b)", a_dot="a_dot * b", b_dot="0")
    np.testing.assert_allclose(pushed(ops.product, X, X)[1], X * X)
    assert is_zero(pushforward(ops.product, (X, X), (None, X))[1])


def test_a_rule_wins_over_custom_derivatives_bodies_and_the_table(ops: ModuleType) -> None:
    np.testing.assert_allclose(pushed(ops.clipped, X)[1], 7 * X)

    @body(ops.doubled)
    def _doubled(x: Any, x_dot: Any, n: Any) -> Any:
        return n * x, 11 * x_dot

    jvpgen.rule("user_ops.clipped(x)", "user_ops.doubled(x, n)", "jnp.tanh(x)", x_dot="3 * x_dot")
    for f, rest in ((ops.clipped, ()), (ops.doubled, (2,)), (jnp.tanh, ())):
        np.testing.assert_allclose(pushed(f, X, *rest)[1], 3 * X, rtol=1e-6)


def test_no_tangent_by_name(ops: ModuleType) -> None:
    jvpgen.no_tangent("user_ops.product")
    out, out_dot = pushed(ops.product, X, X)
    np.testing.assert_array_equal(out, X * X)
    assert is_zero(out_dot)


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("user_ops.missing(x)", "names nothing"),
        ("user_ops.Tools(x)", "no function"),
        ("user_ops.swish(y)", "is `x`, not `y`"),
        ("user_ops.swish(x", "cannot read the signature"),
    ],
)
def test_a_rule_that_can_match_nothing_is_an_error(ops: ModuleType, signature: str, message: str) -> None:
    tensor = "y_dot" if "(y" in signature else "x_dot"
    with pytest.raises(RuleError, match=rf"test_user_rules\.py:\d+: .*{message}"):
        jvpgen.rule(signature, **{tensor: tensor})
        pushed(jnp.tanh, X)


def test_two_rules_of_one_function_are_an_error_unless_they_say_the_same(ops: ModuleType) -> None:
    namespace: dict[str, Any] = {}
    text = "import jvpgen\njvpgen.linear('user_ops.doubled(x, n)')\n"
    exec(compile(text, "one.py", "exec"), namespace)
    exec(compile(text, "two.py", "exec"), namespace)
    exec(compile(text.replace("linear", "multilinear"), "one.py", "exec"), namespace)  # the file was run again
    pushed(jnp.tanh, X)
    exec(compile(text, "two.py", "exec"), namespace)
    with pytest.raises(RuleError, match=r"two\.py:2: .* has a rule already, at one\.py:2"):
        pushed(jnp.tanh, X)


def test_a_rule_of_a_package_that_is_not_installed_is_no_error(ops: ModuleType) -> None:
    jvpgen.linear("no_such_package.ops.f(x)")
    np.testing.assert_allclose(pushed(jnp.negative, X)[1], -X)


def test_transform_writes_registered_rules_out(ops: ModuleType) -> None:
    jvpgen.rule("user_ops.product(a, b)", a_dot="100 * a_dot * b", b_dot="0")
    module = Path(ops.__file__ or "").with_name("user_model.py")
    module.write_text("from user_ops import product\n\n\ndef squared(x):\n    return product(x, x)\n")
    squared = importlib.import_module("user_model").squared
    made = jvpgen.transform(squared)
    assert "100 * x_dot * x" in made.source and not made.report.dispatched
    np.testing.assert_allclose(made(X, x_dot=X)[1], 100 * X * X, rtol=1e-6)
    del sys.modules["user_model"]


# --- As a decorator ---------------------------------------------------------------------------------------------------


@jvpgen.no_tangent
def statistics(x: Any, scale: float = 1.0) -> Any:
    """The mean, and more."""
    return {"mean": scale * x.mean(), "name": "x", "count": 3}


def test_a_decorated_function_has_no_tangent_whoever_asks() -> None:
    out, out_dot = pushed(statistics, X, scale=2.0)
    assert out["name"] == "x" and out["count"] == 3 and is_zero(out_dot)
    assert statistics.__doc__ == "The mean, and more."
    assert counts.snapshot().opaque == 0
    _, by_jax = jax.jvp(lambda x: statistics(x)["mean"], (X,), (X,))
    assert by_jax == 0
    np.testing.assert_array_equal(jax.grad(lambda x: statistics(x)["mean"])(X), 0 * X)


def test_only_functions_can_be_marked() -> None:
    for wrong in (3, int):
        with pytest.raises(TypeError, match="is for functions"):
            jvpgen.no_tangent(wrong)  # type: ignore[call-overload]


class Reader(nn.Module):
    """Gives a decorated function itself."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        return x * read(self, x)


@jvpgen.no_tangent
def read(mdl: Any, x: Any) -> Any:
    count = mdl.variable("stats", "total", lambda: jnp.zeros(x.shape))
    count.value += x
    return (mdl.param("w", nn.initializers.ones, x.shape) * x).sum()


@body(Reader)
def _reader(self: Any, x: Any, x_dot: Any) -> Any:
    scale, scale_dot = pushforward(read, (self, x), (None, x_dot))
    return x * scale, x_dot * scale + x * scale_dot


def test_variables_that_a_decorated_function_stores_keep_their_tangents() -> None:
    module = Reader()
    variables = module.init(jax.random.key(0), X)
    out, out_dot, updates, updates_dot = jvpgen.apply_jvp(
        module,
        variables,
        (X,),
        (X,),
        {"params": variables["params"]},
        mutable=["stats"],
        update_tangents=True,
    )
    wanted, wanted_dot = jax.jvp(lambda x: module.apply(variables, x, mutable=["stats"]), (X,), (X,))
    np.testing.assert_allclose(out, wanted[0])
    np.testing.assert_allclose(out_dot, wanted_dot[0], rtol=1e-6)
    np.testing.assert_allclose(updates["stats"]["total"], wanted[1]["stats"]["total"])
    np.testing.assert_allclose(updates_dot["stats"]["total"], wanted_dot[1]["stats"]["total"])


def test_transform_of_a_function_that_has_a_rule_calls_the_rule(ops: ModuleType) -> None:
    """As docs/rules.md tests a rule: against `jax.jvp` of the function itself."""
    jvpgen.rule(
        "user_ops.swish(x, beta=1.0)",
        x_dot="x_dot * (beta * out + jax.nn.sigmoid(beta * x) * (1 - beta * out))",
        beta_dot="beta_dot * out * (x - out)",
    )
    swish_jvp = jvpgen.transform(ops.swish)
    beta = jnp.asarray(1.5)
    out, out_dot = swish_jvp(X, beta, x_dot=X, beta_dot=beta)
    wanted, wanted_dot = jax.jvp(ops.swish, (X, beta), (X, beta))
    np.testing.assert_allclose(out, wanted)
    np.testing.assert_allclose(out_dot, wanted_dot, rtol=1e-5)
    assert counts.snapshot().opaque == 0 and counts.snapshot().dispatched == 1
