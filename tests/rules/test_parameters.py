"""No parameter that a rule takes for constant has a derivative in JAX: such a one is a tensor of the rule, or affine.

Every line of the tables is called with an active float in the place of each argument that is no tensor, and the first
line of a rule with one for each parameter that it does not give. A parameter that takes no tracer raises, and so keeps
no tangent in silence.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jvpgen.rules import Rule, bind
from tests.rules.lines import Case, read
from tests.rules.test_rules import LINES

Place = int | str


@cache
def first_lines() -> frozenset[str]:
    """The first line of each rule."""
    found: dict[str, str] = {}
    for line in LINES:
        found.setdefault(read(line.text, "float32").rule.name, line.text)
    return frozenset(found.values())


def taken_for_constant(case: Case, is_first: bool) -> Iterator[tuple[Place, Any]]:
    """The arguments that have no tangent by the rule, each with a float for it; if `is_first`, those left out too."""
    bound = bind(case.rule, len(case.args), case.kwargs)
    assert bound is not None
    for place, parameter in bound.items():
        given = case.args[place] if isinstance(place, int) else case.kwargs[place]
        if case.rule.by_name[parameter].role == "static" and (as_floats := floats(given)) is not None:
            yield place, as_floats
    if is_first:
        yield from ((name, jnp.float32(0.3)) for name in parameters(case) if name not in bound.values())


def parameters(case: Case) -> list[str]:
    """The static parameters by name; for `...`, all that the function has beside those that the rule names."""
    named = case.rule.by_name
    static = [name for name, item in named.items() if item.role == "static" and item.kind in ("positional", "keyword")]
    if "..." not in named or named["..."].role == "affine":
        return static
    try:
        own = list(inspect.signature(case.function).parameters)
    except (TypeError, ValueError):  # written in C, or a class
        return static
    return static + [name for name in own[len(case.args) :] if name not in case.kwargs and name not in named]


def floats(given: Any) -> Any:
    """The argument as active floats, a little off; None where it holds no number."""
    if not jax.tree.leaves(given):
        return None
    try:
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32) + 0.25, given)
    except (TypeError, ValueError):
        return None


def moves_along(case: Case, place: Place, value: Any) -> bool:
    """Whether `jax.jvp` finds a derivative along one argument."""

    def function(value: Any) -> list[Any]:
        args = [value if place == index else argument for index, argument in enumerate(case.args)]
        kwargs = {**case.kwargs, place: value} if isinstance(place, str) else case.kwargs
        out = jax.tree.leaves(case.function(*args, **kwargs))
        return [leaf for leaf in out if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.inexact)]

    try:
        _, tangents = jax.jvp(function, (value,), (jax.tree.map(jnp.ones_like, value),))
    except Exception:
        return False
    return any(np.any(np.nan_to_num(np.asarray(tangent))) for tangent in tangents)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", [line.text for line in LINES if line.allows("float32")])
def test_what_is_no_tensor_has_no_derivative(text: str) -> None:
    case = read(text, "float32")
    tried = taken_for_constant(case, text in first_lines())
    moving = [place for place, value in tried if moves_along(case, place, value)]
    assert not moving, f"{case.rule.signature} has a derivative along {moving}: write NAME=0, or make them tensors"


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("jnp.std(f(2, 3), axis=1)", "ddof"),
        ("jax.random.uniform(key(), (2, 3), minval=-1.0, maxval=1.0)", "maxval"),
        ("jax.random.truncated_normal(key(), -1.0, 1.0, (3,))", "lower"),
        ("jnp.nonzero(m(1, 0), size=3, fill_value=7)", "fill_value"),
    ],
)
def test_a_derivative_that_the_rule_does_not_give_is_noticed(text: str, parameter: str) -> None:
    case = read(text, "float32")
    changed = tuple(replace(item, role="static") if item.name == parameter else item for item in case.rule.parameters)
    forgetful: Rule = replace(case.rule, parameters=changed)
    assert any(moves_along(case, *found) for found in taken_for_constant(replace(case, rule=forgetful), True))
    assert not any(moves_along(case, *found) for found in taken_for_constant(case, True))
