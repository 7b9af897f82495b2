"""Unmodified models from PyPI: transformers' Flax models in tiny configurations, against `jax.jvp`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jvpgen
from jvpgen.runtime import counts

os.environ.update(USE_TORCH="0", USE_TF="0")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.slow

TEXT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 37,
    "vocab_size": 99,
    "max_position_embeddings": 64,
}
VISION = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 37}


def _bert() -> Any:
    return transformers.FlaxBertModel(transformers.BertConfig(**TEXT))


def _gpt2() -> Any:
    config = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=99, n_positions=64)
    return transformers.FlaxGPT2LMHeadModel(config)


def _llama() -> Any:
    return transformers.FlaxLlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=4, **TEXT))


def _vit() -> Any:
    return transformers.FlaxViTModel(transformers.ViTConfig(image_size=16, patch_size=4, **VISION))


def _resnet() -> Any:
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    return transformers.FlaxResNetModel(config)


IDS = jnp.arange(16).reshape(2, 8)
MASK = jnp.ones((2, 8), "i4")
POSITIONS = jnp.broadcast_to(jnp.arange(8), (2, 8))
IMAGES = jax.random.normal(jax.random.key(1), (2, 16, 16, 3))
MODELS = {
    "Bert": (_bert, (IDS, MASK, jnp.zeros_like(IDS), POSITIONS, None)),
    "GPT2": (_gpt2, (IDS, MASK, POSITIONS)),
    "Llama": (_llama, (IDS, MASK, POSITIONS)),
    "ViT": (_vit, (IMAGES,)),
    "ResNet": (_resnet, (IMAGES,)),
}


def _random_like(tree: Any) -> Any:
    leaves, treedef = jax.tree.flatten(tree)
    keys = jax.random.split(jax.random.key(3), len(leaves))
    drawn = [jax.random.normal(key, leaf.shape, leaf.dtype) for key, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(treedef, drawn)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_agrees_with_jax_and_reaches_nothing_opaque(name: str) -> None:
    make, args = MODELS[name]
    model = make()
    module = model.module
    variables = dict(model.params) if name == "ResNet" else {"params": model.params}
    tangents = _random_like(variables)

    def reference(variables: Any, tangents: Any) -> Any:
        return jax.jvp(lambda v: module.apply(v, *args), (variables,), (tangents,))

    expected, expected_dot = jax.jit(reference)(variables, tangents)
    jvpgen.transform(type(module))
    counts.reset()

    def derived(variables: Any, tangents: Any) -> Any:
        return jvpgen.apply_jvp(module, variables, args, (None,) * len(args), tangents)

    out, out_dot = jax.jit(derived)(variables, tangents)
    assert counts.snapshot().opaque == 0
    assert jax.tree.structure(out) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(expected), jax.tree.leaves(out), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for a, b in zip(jax.tree.leaves(expected_dot), jax.tree.leaves(out_dot), strict=True):
        if a.dtype != jax.dtypes.float0:
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * max(1.0, float(np.abs(a).max())))


def _inspected(paths: list[Path]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "jvpgen", "inspect", "--output-format", "json", *map(str, paths)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in finished.stderr
    found: list[dict[str, Any]] = json.loads(finished.stdout)
    return found


def test_inspect_reads_all_flax_files_of_transformers() -> None:
    files = sorted((Path(transformers.__file__).parent / "models").glob("*/modeling_flax_*.py"))
    found = _inspected(files)
    opaque = [item for item in found if item["status"] == "opaque"]
    assert len(found) > 400
    assert not [item for item in found if item["status"] == "error"]
    assert len(opaque) <= 0.05 * len(found), [(item["class"], item["opaque"]) for item in opaque]
