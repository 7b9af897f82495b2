"""The words of users: what they read, and what they refuse; what the table's words do not need to ask."""

from __future__ import annotations

from typing import Any

import pytest

from jvpgen.rules import RuleError
from jvpgen.rules.fitting import Actual, misfit
from jvpgen.rules.linearity import check_linear
from jvpgen.rules.rule import Rule
from jvpgen.rules.users import written


def one(word: str, signature: str, **options: Any) -> Rule:
    return written(word, [signature], options)[0]


def roles(rule: Rule) -> dict[str, str]:
    return {parameter.name: parameter.role for parameter in rule.parameters}


def test_what_has_no_term_must_be_constant() -> None:
    rule = one("rule", "mylib.ops.swish(x, beta=1.0, *, levels)", x_dot="x_dot * beta", levels_dot="0")
    assert rule.name == "mylib.ops.swish" and rule.kind == "formula" and rule.own
    assert roles(rule) == {"x": "tensor", "beta": "still", "levels": "static"}
    assert dict(rule.terms) == {"x": "x_dot * beta"}


def test_linear_and_multilinear_name_their_tensors() -> None:
    assert roles(one("linear", "ops.shift(x, by, fill=0)")) == {"x": "tensor", "by": "still", "fill": "affine"}
    assert roles(one("multilinear", "ops.mix(x, y, axis)")) == {"x": "tensor", "y": "tensor", "axis": "still"}
    assert roles(one("multilinear", "ops.mix(axis, x, y)", tensors="x y")) == {
        "axis": "still",
        "x": "tensor",
        "y": "tensor",
    }


def test_a_function_without_tangent_needs_no_signature() -> None:
    rule = one("no_tangent", "otherlib.f")
    assert (rule.name, rule.kind, roles(rule)) == ("otherlib.f", "constant", {"...": "static"})


def test_usual_modules_have_their_short_names() -> None:
    assert one("rule", "jnp.sinc(x)", x_dot="x_dot").name == "jax.numpy.sinc"
    assert one("no_tangent", "nn.standardize").name == "flax.linen.standardize"


@pytest.mark.parametrize(
    ("word", "signature", "options", "complaint"),
    [
        ("rule", "swish(x)", {"x_dot": "x_dot"}, "in which module"),
        ("rule", "ops.swish", {"x_dot": "x_dot"}, "has no parameters"),
        ("rule", "ops.swish[x]", {"x_dot": "x_dot"}, "cannot read the signature"),
        ("rule", "ops.swish(x)", {}, "no term is given"),
        ("rule", "ops.swish(x)", {"broadcast": "yes", "x_dot": "x_dot"}, "True or False"),
        ("rule", "ops.swish(x)", {"x_dot": 2}, "x_dot is a string"),
        ("rule", "ops.swish(x)", {"y_dot": "y_dot"}, "has no parameter y"),
        ("rule", "ops.swish(out)", {"out_dot": "out_dot"}, "cannot be called 'out'"),
        ("rule", "ops.swish(x)", {"x_dot": "x_dot *"}, "is no expression"),
        ("rule", "ops.swish(x)", {"x_dot": "x_dot * z"}, "unknown here"),
        ("rule", "ops.swish(x)", {"x_dot": "x_dot**2"}, "not linear"),
        ("rule", "ops.add(x, y)", {"x_dot": "x_dot", "y_dot": "y_dot"}, "broadcast=True"),
        ("linear", "ops.shift()", {}, "1 tensors or more"),
        ("linear", "ops.shift(x)", {"axis": "x"}, "no option 'axis'"),
        ("no_tangent", "ops.f(x)", {}, "is enough"),
        ("no_tangent", "ops.f", {"tensors": "x"}, "no option"),
    ],
)
def test_mistakes_are_refused(word: str, signature: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        written(word, [signature], options)


def test_terms_that_show_the_shape_of_the_result_need_no_word_on_broadcasting() -> None:
    assert not one("rule", "ops.mul(x, y)", x_dot="x_dot * y", y_dot="x * y_dot").broadcast
    assert not one("rule", "ops.add(x, y)", x_dot="x_dot", y_dot="y_dot", broadcast=False).broadcast
    assert one("rule", "ops.add(x, y)", x_dot="x_dot", y_dot="y_dot", broadcast=True).broadcast


@pytest.mark.parametrize(
    "term",
    [
        "x_dot",
        "-2 * x_dot / (1 + jnp.exp(x))",
        "x_dot @ w - jnp.sin(x) * x_dot.T",
        "jnp.where(x > 0, x_dot, 0)",
        "jnp.sum(x_dot * out, axis=-1, keepdims=True)",
        "jnp.einsum('ij,jk->ik', x_dot, w)",
        "jnp.concatenate([x_dot, 0 * x_dot])",
        "x_dot[..., 0].reshape(3, -1)",
        "lax.dot(w, x_dot)",
        "x_dot if axis is None else 2 * x_dot",
    ],
)
def test_linear_terms_are_seen_to_be(term: str) -> None:
    check_linear(term, "x_dot")


@pytest.mark.parametrize(
    "term",
    [
        "x_dot * x_dot",
        "1 / x_dot",
        "w ** x_dot",
        "x_dot + 1",
        "jnp.sin(x_dot)",
        "jnp.where(x > 0, x_dot, 1.0)",
        "jnp.where(x_dot > 0, x, 0)",
        "jnp.sum(x, where=x_dot)",
        "jnp.matmul(x_dot, x_dot)",
        "jax.vmap(f)(x_dot)",
        "abs(x_dot)",
        "x_dot.at",
        "x_dot > 0",
        "[x_dot, 1]",
        "x_dot if x_dot else 0",
        "x",
    ],
)
def test_other_terms_are_refused(term: str) -> None:
    with pytest.raises(RuleError):
        check_linear(term, "x_dot")


SWISH = (Actual("x", "positional"), Actual("beta", "positional", "1.0"), Actual("axis", "keyword-only", "-1"))


@pytest.mark.parametrize(
    ("signature", "term", "complaint"),
    [
        ("ops.swish(x)", "x_dot", None),
        ("ops.swish(x, beta=1.0, *, axis=-1)", "x_dot * beta * axis", None),
        ("ops.swish(x, beta=1)", "x_dot * beta", None),
        ("ops.swish(x, ...)", "x_dot", None),
        ("ops.swish(y)", "y_dot", "is `x`, not `y`"),
        ("ops.swish(x, slope)", "x_dot", "is `beta`, not `slope`"),
        ("ops.swish(x, beta, axis)", "x_dot", "keyword-only"),
        ("ops.swish(x, beta, more)", "x_dot", "no parameter `more`"),
        ("ops.swish(x, *, more)", "x_dot", "no parameter `more`"),
        ("ops.swish(x, *args)", "x_dot", "takes no"),
        ("ops.swish(x, beta)", "x_dot * beta", "needs beta=1.0"),
        ("ops.swish(x, beta=2.0)", "x_dot * beta", "is 1.0, not 2.0"),
        ("ops.swish(*, axis)", "axis_dot", "every call gives `x`"),
    ],
)
def test_a_rule_fits_its_function(signature: str, term: str, complaint: str | None) -> None:
    (tensor,) = {"x_dot", "y_dot", "axis_dot"} & set(term.split())
    found = misfit(one("rule", signature, **{tensor: term}), SWISH)
    assert (found is None) if complaint is None else (found is not None and complaint in found)
