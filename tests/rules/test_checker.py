"""The checker is checked: a rule that is wrong by 0.1 % must fail, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from jvpgen.rules import RULES
from jvpgen.runtime import formulas
from tests.rules.check import TOLERANCE, active_arrays, check, check_types
from tests.rules.lines import Case, read


def checked(case: Case, dtype: str = "float32") -> None:
    check(case, active_arrays(case), TOLERANCE[dtype])


def with_terms(name: str, **terms: str) -> Any:
    return replace(RULES[name], terms=terms)


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("jnp.tanh(f(5))", {"x": "x_dot * (1 - 1.001 * out**2)"}),
        ("jnp.sin(f(5))", {"x": "1.001 * x_dot * jnp.cos(x)"}),
        ("f(5) * f(5)", {"a": "a_dot * b", "b": "1.001 * a * b_dot"}),
        ("jax.nn.celu(f(5))", {"x": "x_dot * jnp.exp(1.001 * jnp.minimum(x, 0) / alpha)"}),
    ],
)
def test_a_term_wrong_by_a_thousandth_is_noticed(line: str, terms: dict[str, str]) -> None:
    case = read(line, "float32")
    checked(case)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        checked(replace(case, rule=replace(case.rule, terms=terms)))


def test_a_formula_wrong_by_a_thousandth_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., Any] = formulas.gelu_jvp

    def wrong(x: Any, x_dot: Any, approximate: bool = True) -> Any:
        out, out_dot = right(x, x_dot, approximate)
        return out, 1.001 * out_dot

    monkeypatch.setattr(formulas, "gelu_jvp", wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        checked(read("jax.nn.gelu(f(5))", "float32"))


def test_a_formula_that_changes_the_value_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., Any] = formulas.gelu_jvp
    monkeypatch.setattr(formulas, "gelu_jvp", lambda x, x_dot, *args: (x * 0.5, right(x, x_dot, *args)[1]))
    with pytest.raises(AssertionError, match="the value differs"):
        checked(read("jax.nn.gelu(f(5))", "float32"))


def test_a_function_that_is_not_linear_is_noticed() -> None:
    case = read("jnp.sqrt(p(5))", "float32")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        checked(replace(case, rule=replace(case.rule, kind="linear", terms={})))


def test_a_constant_that_is_none_is_noticed() -> None:
    case = read("jnp.sqrt(p(5))", "float32")
    with pytest.raises(AssertionError, match="not zero"):
        checked(replace(case, rule=replace(case.rule, kind="constant", terms={})))


def test_a_tangent_of_the_wrong_type_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formulas, "gelu_jvp", lambda x, x_dot, *args: (jax.nn.gelu(x), x_dot[:1].astype(jnp.float16)))
    case = read("jax.nn.gelu(f(5))", "float32")
    with pytest.raises(AssertionError, match="shape"):
        checked(case)
    with pytest.raises(AssertionError):
        check_types(case, active_arrays(case))
