"""The Flax models of diffusers 0.35.2 in tiny configurations: 32 and 64 channels, 8 × 8 images, one layer a block."""

from __future__ import annotations

import os
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from tests.corpora.models import Model, filled

os.environ.update(USE_TORCH="0", USE_TF="0")
diffusers = pytest.importorskip("diffusers")

UNET = {
    "sample_size": 8,
    "block_out_channels": (32, 64),
    "layers_per_block": 1,
    "attention_head_dim": 4,
    "cross_attention_dim": 16,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
}
UNET_UP = {**UNET, "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")}
AUTOENCODER = {
    "sample_size": 8,
    "block_out_channels": (32, 64),
    "down_block_types": ("DownEncoderBlock2D", "DownEncoderBlock2D"),
    "up_block_types": ("UpDecoderBlock2D", "UpDecoderBlock2D"),
}
CONTROL = {**UNET, "conditioning_embedding_out_channels": (4, 4, 8, 8)}

SAMPLE = jax.random.normal(jax.random.key(0), (1, 4, 8, 8))
IMAGE = jax.random.normal(jax.random.key(1), (1, 3, 8, 8))
TIMESTEPS = jnp.array([3])
TEXT = jax.random.normal(jax.random.key(2), (1, 5, 16))
CONDITION = jax.random.normal(jax.random.key(3), (1, 3, 64, 64))  # halved three times


def _model(name: str, sizes: Any, args: tuple[Any, ...], variant: str = "", **kwargs: Any) -> Model:
    def make() -> tuple[Any, Any]:
        module = getattr(diffusers, name)(**sizes)
        return module, {"params": filled(jax.eval_shape(module.init_weights, jax.random.key(0)))}

    return Model(name + variant, make, args, kwargs)


TABLE = (
    _model("FlaxUNet2DConditionModel", UNET_UP, (SAMPLE, TIMESTEPS, TEXT)),
    _model(
        "FlaxUNet2DConditionModel",
        {**UNET_UP, "use_memory_efficient_attention": True, "use_linear_projection": True, "dropout": 0.1},
        (SAMPLE, TIMESTEPS, TEXT),
        ", memory efficient, dropout",
        train=True,
        rngs={"dropout": jax.random.key(5)},
    ),
    _model("FlaxAutoencoderKL", AUTOENCODER, (IMAGE,)),
    _model(
        "FlaxAutoencoderKL",
        AUTOENCODER,
        (IMAGE,),
        ", sampled",
        sample_posterior=True,
        rngs={"gaussian": jax.random.key(5)},
    ),
    _model("FlaxControlNetModel", CONTROL, (SAMPLE, TIMESTEPS, TEXT, CONDITION)),
)
