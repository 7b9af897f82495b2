"""Names in the table are those of public functions, and its parameters are the functions' own, in their order."""

from __future__ import annotations

import inspect
from typing import Any

import jax
import jax.ad_checkpoint
import jax.numpy as jnp
import numpy as np
import pytest

from jvpgen.rules import RULES, Rule, lookup
from jvpgen.rules.aliases import ALIASES
from jvpgen.runtime import formulas
from jvpgen.runtime.rule_of import find, rule_of
from tests.rules.lines import NOT_IN_EVERY_PYTHON

FUNCTIONS = [name for name in RULES if not name.startswith(("array.", "operator.")) and not name.endswith(".*")]
METHODS = [name for name in RULES if name.startswith("array.") and not name.startswith("array.at.")]
# These take their parameters through **kwargs, and their signature does not name them.
UNNAMED = {
    "jax.numpy.pad": {"constant_values", "end_values", "stat_length", "reflect_type"},
    # an `ufunc` names its parameters only in its documentation
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_exists_and_has_these_parameters(name: str) -> None:
    function = find(name)
    if function is None and name in NOT_IN_EVERY_PYTHON:
        pytest.skip("a later Python has it")
    assert callable(function), f"{name} does not exist"
    if not isinstance(function, jnp.ufunc) and not name.startswith("builtins.") and not isinstance(function, type):
        assert_parameters(RULES[name], function, UNNAMED.get(name, set()))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_or_attribute_exists_and_has_these_parameters(name: str) -> None:
    method = getattr(type(jnp.zeros(())), name.removeprefix("array."))
    if inspect.isroutine(method):
        assert_parameters(RULES[name], method, {"a"})


@pytest.mark.parametrize("name", [name for name in RULES if name.startswith("array.at.")])
def test_an_update_exists_and_has_these_parameters(name: str) -> None:
    update = getattr(type(jnp.zeros(3).at[0]), name.removeprefix("array.at."))
    assert_parameters(RULES[name], update, {"a", "index"})


def assert_parameters(rule: Rule, function: Any, unnamed: set[str]) -> None:
    """The rule's positional parameters are the function's first ones; its keywords are among the function's."""
    if "..." in rule.by_name:
        return
    try:
        signature = inspect.signature(function).parameters
    except ValueError:  # written in C
        return
    own = [name for name in signature if name != "self"]
    listed = [parameter for parameter in rule.parameters if parameter.name not in unnamed]
    positional = [parameter.name for parameter in listed if parameter.kind == "positional"]
    assert positional == own[: len(positional)]
    takes_any = any(item.kind is inspect.Parameter.VAR_KEYWORD for item in signature.values())
    if not takes_any:
        assert {parameter.name for parameter in listed} <= set(own)
    for parameter in listed:
        if parameter.kind == "keyword" and parameter.name in signature:
            assert signature[parameter.name].kind is inspect.Parameter.KEYWORD_ONLY, parameter.name


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_is_a_function_and_has_a_rule(name: str) -> None:
    assert callable(find(name)) and ALIASES[name] in RULES


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.kind == "call"], ids=lambda rule: rule.name)
def test_a_formula_takes_every_tensor_followed_by_its_tangent(rule: Rule) -> None:
    assert rule.function is not None
    function = getattr(formulas, rule.function)
    assert rule.function in formulas.__all__ and inspect.getdoc(function)
    own = list(inspect.signature(function).parameters.values())
    places = {parameter.name: place for place, parameter in enumerate(own)}
    if function.__name__ in ("pow_jvp", "clip_jvp", "reduce_window_jvp") or rule.name.startswith(
        ("array.", "operator.")
    ):
        return  # shared by several functions: their positions are tested with the rules themselves
    for name in rule.tensors:
        assert f"{name}_dot" in places
        if own[places[name]].kind is not inspect.Parameter.VAR_POSITIONAL:
            assert places[f"{name}_dot"] == places[name] + 1


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.kind == "call"], ids=lambda rule: rule.name)
def test_a_formula_needs_no_tangent_but_the_first(rule: Rule) -> None:
    """A keyword argument without a tangent is written without one."""
    own = inspect.signature(getattr(formulas, rule.function or "")).parameters
    for name in rule.tensors[1:]:
        assert name not in own or own[f"{name}_dot"].default is None


def test_a_function_object_leads_to_its_rule() -> None:
    for function in (jnp.tanh, jax.nn.relu, jnp.add, jnp.einsum, jax.lax.stop_gradient, abs, jnp.float32, np.tanh):
        assert rule_of(function) is not None, function


def test_no_rule_is_found_for_other_functions() -> None:
    assert rule_of(lambda x: x) is None
    assert rule_of(jnp.linalg.qr) is None


def test_the_vocabulary_of_the_survey_is_covered() -> None:
    """The functions of jax, numpy and einops among the 150 names that real models use most, and their array methods."""
    functions = """
        jax.nn.relu jax.numpy.concatenate jax.numpy.reshape jax.nn.gelu jax.numpy.tanh jax.numpy.mean jax.numpy.tile
        jax.numpy.expand_dims jax.numpy.sqrt jax.lax.stop_gradient jax.numpy.asarray jax.numpy.split flax.linen.max_pool
        jax.numpy.ones jax.nn.silu jax.image.resize jax.numpy.einsum jax.numpy.array jax.nn.softmax jax.numpy.sum
        jax.numpy.arange jax.numpy.zeros jax.numpy.broadcast_to jax.numpy.take numpy.sqrt jax.nn.sigmoid
        jax.numpy.transpose jax.numpy.clip einops.rearrange jax.numpy.stack flax.linen.avg_pool jax.random.bernoulli
        jax.numpy.squeeze jax.numpy.where jax.random.PRNGKey jax.numpy.zeros_like jax.numpy.linalg.norm jax.numpy.dot
        jax.lax.dot_general jax.lax.dynamic_slice jax.numpy.ones_like jax.numpy.swapaxes jax.numpy.repeat
        jax.random.split jax.numpy.maximum jax.numpy.matmul jax.numpy.exp jax.numpy.full jax.numpy.log jax.numpy.pad
        jax.lax.conv_general_dilated jax.lax.rsqrt jax.numpy.square jax.random.uniform numpy.prod jax.random.normal
        jax.lax.dynamic_update_slice jax.numpy.max jax.nn.leaky_relu jax.lax.select jax.numpy.finfo
        flax.linen.make_causal_mask flax.linen.combine_masks flax.linen.make_attention_mask jax.numpy.abs jax.numpy.cos
        jax.numpy.sin jax.nn.one_hot jax.numpy.power jax.numpy.cumsum jax.numpy.atleast_2d jax.lax.square jax.lax.top_k
        jax.numpy.moveaxis jax.lax.convert_element_type jax.numpy.logical_and jax.nn.softplus jax.numpy.triu
        jax.numpy.tril jax.numpy.minimum jax.numpy.take_along_axis jax.random.permutation jax.numpy.linspace
        jax.ad_checkpoint.checkpoint_name jax.lax.pmean jax.numpy.issubdtype jax.numpy.prod numpy.arange jax.numpy.floor
        jax.nn.log_softmax jax.lax.iota einops.repeat numpy.array jax.numpy.meshgrid jax.numpy.flip
        jax.lax.broadcasted_iota jax.lax.dynamic_slice_in_dim flax.training.common_utils.onehot jax.numpy.ravel
        numpy.asarray numpy.ones numpy.nonzero jax.default_backend numpy.cumsum jax.numpy.tensordot
    """
    methods = """
        reshape astype transpose sum at.set squeeze mean at.add max any argmax conj repeat take cumsum all swapaxes min
        ravel tolist flatten sort
    """
    missing = [name for name in functions.split() if lookup(name) is None]
    missing += [name for name in methods.split() if lookup(f"array.{name}") is None]
    assert not missing
