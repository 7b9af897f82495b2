"""Every example model against `jax.jvp`, with random tangents for variables and inputs, under jit."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

import jvpgen
from examples.models import cnn, language_model, learn_scale, lora, meanflow, resnet, vae
from tests.golden.guard import only_generated
from tests.runtime.compare import assert_close, assert_equal, random_tangents


@dataclass(frozen=True)
class Case:
    """A model of sizes that compile in a moment, and one way to call it."""

    module: nn.Module
    inputs: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    streams: tuple[str, ...] = ()
    mutable: Any = False
    still: tuple[str, ...] = ()
    tolerance: float = 5e-6

    @property
    def rngs(self) -> dict[str, jax.Array]:
        return {name: jax.random.key(3 + i) for i, name in enumerate(self.streams)}

    def variables(self) -> dict[str, Any]:
        """The variables of `init`, shaken so that no weight is zero."""
        rngs = {"params": jax.random.key(0), **self.rngs}

        def shaken(inputs: Any) -> Any:
            found = self.module.init(rngs, *inputs, **self.options)
            noise = random_tangents(found, 9)
            return jax.tree.map(lambda a, d: a + 0.1 * jnp.abs(d) if _moves(a) else a, found, noise)

        return dict(_jit(shaken)(tuple(self.inputs.values())))


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled with little optimization, which takes less time than it saves here."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


def _moves(leaf: Any) -> bool:
    return bool(jnp.issubdtype(jnp.result_type(leaf), jnp.inexact))


def _normal(*shape: int, seed: int = 1) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


_images = _normal(2, 8, 8, 3)
_tokens = jax.random.randint(jax.random.key(2), (2, 5), 0, 11)
_config = language_model.Config(vocabulary=11, width=8, heads=2, layers=2, max_length=5)
_adapters = partial(lora.LoRABlock, heads=2, rank=2)
_small_resnet = partial(resnet.ResNet, num_classes=3, num_filters=2, stage_sizes=[1, 1])

CASES = {
    "learn_scale": Case(learn_scale.LearnScale(), {"x": _normal(2, 3)}),
    "cnn": Case(cnn.CNN(3, (2, 4)), {"images": _images}),
    "cnn in training": Case(
        cnn.CNN(3, (2, 4)), {"images": _images}, {"train": True}, ("dropout",), ["batch_stats"], tolerance=5e-5
    ),
    "resnet": Case(_small_resnet(block_cls=resnet.ResNetBlock), {"x": _images}, {"train": False}),
    "resnet in training": Case(
        _small_resnet(block_cls=resnet.BottleneckResNetBlock),
        {"x": _images},
        {"train": True},
        mutable=["batch_stats"],
        tolerance=1e-4,
    ),
    "language_model": Case(language_model.LanguageModel(_config), {"tokens": _tokens}),
    "language_model in training": Case(
        language_model.LanguageModel(_config), {"tokens": _tokens}, {"deterministic": False}, ("dropout",)
    ),
    "vae": Case(vae.VAE(6, 4, 2), {"x": _normal(3, 6)}, streams=("latent",)),
    "meanflow": Case(
        meanflow.MeanFlow(8, 2),
        {"z": _normal(3, 2), "t": jnp.array([0.5, 0.6, 0.7]), "r": jnp.array([0.0, 0.2, 0.4])},
        still=("r",),
        tolerance=2e-5,
    ),
    "lora": Case(_adapters(), {"x": _normal(2, 4, 8)}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_generated_function_agrees_with_jax_jvp(name: str) -> None:
    case = CASES[name]
    variables = case.variables()
    variable_tangents = random_tangents(variables, 1)
    tangents = random_tangents(dict(case.inputs), 2)
    moving = {key: tangents[key] for key in tangents if _moves(case.inputs[key]) and key not in case.still}
    common = {"rngs": case.rngs, "mutable": case.mutable, **case.options}
    generated = _generated(type(case.module))

    def in_order(inputs: Any) -> list[Any]:  # jit sorts the keys
        return [inputs[key] for key in case.inputs]

    def ours(variables: Any, inputs: Any, variable_tangents: Any, moving: Any) -> Any:
        named = {f"{key}_dot": tangent for key, tangent in moving.items()}
        return generated(
            case.module, variables, *in_order(inputs), variable_tangents=variable_tangents, **named, **common
        )

    def reference(variables: Any, inputs: Any, variable_tangents: Any, moving: Any) -> Any:
        def apply(variables: Any, active: Any) -> Any:
            out = case.module.apply(variables, *in_order({**inputs, **active}), **common)
            return out if case.mutable else (out, {})

        active = {key: inputs[key] for key in moving}
        out, out_dot, updates = jax.jvp(apply, (variables, active), (variable_tangents, moving), has_aux=True)
        return (out, out_dot, updates) if case.mutable else (out, out_dot)

    arguments = (variables, dict(case.inputs), _without_float0(variable_tangents), moving)
    with only_generated():
        compiled = _jit(ours).lower(*arguments).compile()
    wanted = _jit(reference)(*arguments)
    assert_close(compiled(*arguments), wanted, case.tolerance)


def test_decoding_with_the_cache_agrees_with_jax_jvp_and_with_the_whole_sequence() -> None:
    """Token by token, the cache and its tangents handed on, against one call on all tokens."""
    decoder = language_model.LanguageModel(_config, decode=True)
    cache = _jit(decoder.init)(jax.random.key(0), _tokens)["cache"]
    whole = language_model.LanguageModel(_config)
    params = _jit(whole.init)(jax.random.key(0), _tokens)["params"]
    params_dot = random_tangents(params, 1)

    @_jit
    def step(cache: Any, cache_dot: Any, token: jax.Array) -> Any:
        return jvpgen.apply_jvp(
            decoder,
            {"params": params, "cache": cache},
            (token,),
            None,
            {"params": params_dot, "cache": cache_dot},
            mutable=["cache"],
            update_tangents=True,
        )

    cache_dot = jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if _moves(leaf) else None, cache)
    columns = []
    for i in range(_tokens.shape[1]):
        logits, logits_dot, updates, updates_dot = step(cache, cache_dot, _tokens[:, i : i + 1])
        cache, cache_dot = updates["cache"], _without_float0(updates_dot["cache"])
        columns.append((logits[:, 0], logits_dot[:, 0]))
    decoded = tuple(jnp.stack(rows, axis=1) for rows in zip(*columns, strict=True))
    wanted = _jit(lambda *p: jax.jvp(lambda p: whole.apply({"params": p}, _tokens), *p))((params,), (params_dot,))
    assert_close(decoded, wanted, 5e-6)


def test_a_method_has_its_own_function() -> None:
    case, z, z_dot = CASES["vae"], _normal(3, 2), _normal(3, 2, seed=5)
    variables = case.variables()
    variable_tangents = random_tangents(variables, 1)
    got = _generated(vae.VAE, "VAE_generate_jvp")(
        case.module, variables, z, variable_tangents=variable_tangents, z_dot=z_dot
    )
    wanted = jax.jvp(
        lambda v, z: case.module.apply(v, z, method="generate"), (variables, z), (variable_tangents, z_dot)
    )
    assert_close(got, wanted, 5e-6)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (vae.negative_elbo, (_normal(2, 6), _normal(2, 3), _normal(2, 3, seed=2), _normal(2, 6, seed=3))),
        (language_model.next_token_loss, (_normal(2, 5, 11), _tokens)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_function_agrees_with_jax_jvp(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    moving = [i for i, argument in enumerate(arguments) if _moves(argument)]
    tangents = random_tangents([arguments[i] for i in moving], 4)
    names = [function.__code__.co_varnames[i] for i in moving]
    named = {f"{name}_dot": tangent for name, tangent in zip(names, tangents, strict=True)}

    def of_the_moving(*values: Any) -> Any:
        given = dict(zip(moving, values, strict=True))
        return function(*(given.get(i, argument) for i, argument in enumerate(arguments)))

    wanted = jax.jvp(of_the_moving, tuple(arguments[i] for i in moving), tuple(tangents))
    got = _generated(function)(*arguments, **named)
    assert_equal(got[0], wanted[0])
    assert_close(got, wanted, 2e-6)


def test_the_narrower_derive_gives_the_same_tangent_for_the_adapters() -> None:
    case = CASES["lora"]
    variables = case.variables()
    tangents = {"params": _only_adapters(random_tangents(variables["params"], 1))}
    x = case.inputs["x"]
    narrow, broad = (
        _jit(partial(_generated(lora.LoRABlock, name), case.module))(variables, x, variable_tangents=tangents)
        for name in ("adapters_jvp", "LoRABlock_jvp")
    )
    assert_close(narrow, broad, 2e-6)


def _generated(target: Any, name: str | None = None) -> Callable[..., Any]:
    """The generated function, from the file beside the one that defines the target."""
    module = importlib.import_module(f"{target.__module__}_jvp")
    found: Callable[..., Any] = getattr(module, name or f"{target.__name__}_jvp")
    return found


def _without_float0(tangents: Any) -> Any:
    """float0 cannot be an argument of a jitted function; None is zero as well."""
    return jax.tree.map(lambda t: None if t.dtype == jax.dtypes.float0 else t, tangents)


def _only_adapters(tangents: Any) -> Any:
    return jax.tree_util.tree_map_with_path(
        lambda path, tangent: tangent if str(path[-1].key).startswith("lora_") else None, tangents
    )
