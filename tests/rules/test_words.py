"""The words that write rules: what they read, and what they refuse, with the line that wrote it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jvpgen.rules import RULES, Rule, RuleError, bind, canonical, lookup
from jvpgen.rules.rule import call, constant, linear, multilinear, rule, rules, unsupported
from jvpgen.rules.table import table_of


@pytest.mark.parametrize(
    ("signature", "name"),
    [
        ("jnp.sum(a, axis)", "jax.numpy.sum"),
        ("lax.dot_general(lhs, rhs)", "jax.lax.dot_general"),
        ("nn.max_pool(inputs)", "flax.linen.max_pool"),
        ("jax.scipy.special.erf(x)", "jax.scipy.special.erf"),
        ("einops.rearrange(tensor, pattern, ...)", "einops.rearrange"),
        ("a.reshape(*args)", "array.reshape"),
        ("a.T", "array.T"),
        ("a[index]", "operator.[]"),
        ("a.at[index].set(values)", "array.at.set"),
        ("a + b", "operator.+"),
        ("a not in b", "operator.not in"),
        ("a ** 2", "operator.**2"),
        ("-a", "operator.unary-"),
        ("not a", "operator.unarynot"),
    ],
)
def test_a_signature_is_the_call_as_a_program_writes_it(signature: str, name: str) -> None:
    assert linear(signature)[0].name == name


def test_parameters_have_their_kinds_and_roles() -> None:
    (one,) = linear("jnp.f(a, axis, *, initial=0, where, ...)")
    assert [(p.name, p.kind, p.role) for p in one.parameters] == [
        ("a", "positional", "tensor"),
        ("axis", "positional", "static"),
        ("initial", "keyword", "affine"),
        ("where", "keyword", "static"),
        ("...", "any", "static"),
    ]


def test_a_rule_knows_the_defaults_that_its_terms_see() -> None:
    (one,) = rule("jax.nn.f(x, axis=-1)", x_dot="jnp.sum(x_dot, axis)")
    assert one.by_name["axis"].default == "-1" and one.tensors == ("x",)


def test_one_word_writes_several_rules() -> None:
    made = rules(constant("jnp.f(x)", "jnp.g(x)"), unsupported("jnp.h(x)", reason="it is not"))
    assert [(one.name, one.kind) for one in made] == [
        ("jax.numpy.f", "constant"),
        ("jax.numpy.g", "constant"),
        ("jax.numpy.h", "unsupported"),
    ]


def test_a_rule_knows_where_it_was_written() -> None:
    (one,) = constant("jnp.f(x)")
    assert one.place.startswith("test_words.py:")
    assert all(".py:" in entry.place for entry in RULES.values())


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        (lambda: rule("jnp.f(x)", x_dot="x_dot *"), "is no expression"),
        (lambda: rule("jnp.f(x)", x_dot="x_dot * y"), "uses y, unknown here"),
        (lambda: rule("jnp.f(x, y)", x_dot="x_dot * y_dot", y_dot="y_dot"), "uses y_dot, unknown here"),
        (lambda: rule("jnp.f(x)", x_dot="out"), "does not use x_dot"),
        (lambda: rule("jnp.f(x)", y_dot="y_dot"), "has no parameter y"),
        (lambda: rule("jnp.f(x)", x="x_dot"), "NAME_dot"),
        (lambda: linear("jnp.f(x, x)"), "named twice"),
        (lambda: linear("jnp.f(x, initial=1)"), "initial=0"),
        (lambda: linear("jnp.f(...)"), "cannot be a tensor"),
        (lambda: linear("jnp.f(x, 3)"), "cannot read the parameter '3'"),
        (lambda: multilinear("f[x"), "cannot read the signature"),
        (lambda: call("jnp.f(x)", "f"), "should end in _jvp"),
        (lambda: table_of(rules(constant("jnp.f(x)"), constant("jnp.f(x)"))), "has a rule already"),
    ],
)
def test_a_mistake_is_an_error_at_its_line(write: Callable[[], object], complaint: str) -> None:
    with pytest.raises(RuleError, match=rf"^test_words\.py:\d+: .*{complaint}"):
        write()


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("jax.numpy.absolute", "jax.numpy.abs"),
        ("flax.linen.relu", "jax.nn.relu"),
        ("flax.linen.swish", "jax.nn.silu"),
        ("flax.linen.activation.gelu", "jax.nn.gelu"),
        ("numpy.sqrt", "jax.numpy.sqrt"),
        ("numpy.absolute", "jax.numpy.abs"),
        ("jax.numpy.linalg.trace", "jax.numpy.trace"),
        ("operator.add", "operator.+"),
        ("flax.linen.max_pool", "flax.linen.max_pool"),
        ("somewhere.else", "somewhere.else"),
    ],
)
def test_other_names_lead_to_the_same_rule(name: str, known_as: str) -> None:
    assert canonical(name) == known_as


def test_a_module_can_have_one_rule_for_all_its_functions() -> None:
    for name in ("jax.nn.initializers.lecun_normal", "flax.linen.initializers.zeros", "math.sqrt"):
        found = lookup(name)
        assert found is not None and found.kind == "constant"
    assert lookup("operator.**4") is None
    assert lookup("jax.numpy.no_such_function") is None


@pytest.mark.parametrize(
    ("name", "positional", "keywords", "bound"),
    [
        ("jax.numpy.sum", 2, ["keepdims"], {0: "a", 1: "axis", "keepdims": "keepdims"}),
        ("jax.numpy.sum", 1, ["no_such_keyword"], None),
        ("jax.numpy.sum", 1, ["a"], None),
        ("jax.numpy.tanh", 2, [], None),
        (
            "jax.numpy.einsum",
            3,
            ["precision"],
            {0: "subscripts", 1: "operands", 2: "operands", "precision": "precision"},
        ),
        ("jax.numpy.einsum", 1, ["operands"], None),
        ("einops.rearrange", 2, ["h"], {0: "tensor", 1: "pattern", "h": "..."}),
        ("jax.numpy.sort", 3, [], None),
    ],
)
def test_arguments_are_bound_to_parameters_or_not_at_all(
    name: str, positional: int, keywords: list[str], bound: dict[int | str, str] | None
) -> None:
    assert bind(RULES[name], positional, keywords) == bound


def test_terms_call_on_tangents_only_what_is_linear() -> None:
    """A call with a tangent among its arguments is one that `tangent_numpy` or `tangent_lax` can make."""
    import ast

    from jvpgen.rules.linearity import LINEAR_IN_TERMS
    from jvpgen.rules.rule import MODULES

    def calls_on_tangents(entry: Rule) -> set[str]:
        nodes = [
            node for term in entry.terms.values() for node in ast.walk(ast.parse(term)) if isinstance(node, ast.Call)
        ]
        on_tangents = [node for node in nodes if any("_dot" in ast.unparse(argument) for argument in node.args)]
        texts = [ast.unparse(node.func).partition(".") for node in on_tangents]
        return {canonical(f"{MODULES[root]}.{rest}") for root, _, rest in texts}

    for entry in RULES.values():
        for name in calls_on_tangents(entry):
            assert name in LINEAR_IN_TERMS or RULES[name].kind in ("linear", "multilinear"), f"{entry.place}: {name}"
