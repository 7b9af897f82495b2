"""The 36 Flax models of transformers 4.57.1 in tiny configurations: 32 features, two layers, four heads, 99 words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jax
import pytest
from flax.core import unfreeze

from tests.corpora.models import IDS, IMAGES, MASK, POSITIONS, TYPES, Model, filled

os.environ.update(USE_TORCH="0", USE_TF="0")
transformers = pytest.importorskip("transformers")

LAYERS = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 37}
TEXT = {"vocab_size": 99, "max_position_embeddings": 64, **LAYERS}
VISION = {"image_size": 16, "patch_size": 4, **LAYERS}
STAGES = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}
ENCODER_DECODER = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 37,
    "decoder_ffn_dim": 37,
}
TRANSLATION = {"vocab_size": 99, "max_position_embeddings": 64, **ENCODER_DECODER}
T5 = {"vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4}
DIALECTS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 99, "n_positions": 64}
SPEECH = {
    "feat_extract_norm": "layer",
    "num_feat_extract_layers": 3,
    "conv_dim": (32, 32, 32),
    "conv_stride": (5, 2, 2),
    "conv_kernel": (10, 3, 3),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}

ENCODER = (IDS, MASK, TYPES, POSITIONS, None)
DECODER = (IDS, MASK, POSITIONS)
BOTH = (IDS, MASK, IDS + 3, MASK, POSITIONS, POSITIONS)
SOUND = jax.random.normal(jax.random.key(2), (2, 1024))
LONG_IDS = jax.random.randint(jax.random.key(4), (2, 32), 0, 99)
LONG = (LONG_IDS, LONG_IDS % 5 != 0, LONG_IDS * 0, LONG_IDS * 0, None)
SPECTROGRAM = jax.random.normal(jax.random.key(3), (2, 80, 64))


def _model(name: str, config: str, sizes: Mapping[str, Any], args: tuple[Any, ...], variant: str = "") -> Model:
    def make() -> tuple[Any, Any]:
        sized = getattr(transformers, f"{config}Config")(**sizes)
        model = getattr(transformers, f"Flax{name}")(sized, _do_init=False)
        shapes = unfreeze(model.params_shape_tree)
        return model.module, filled(shapes if "batch_stats" in shapes else {"params": shapes})

    return Model(name + variant, make, args)


TABLE = (
    _model("BertModel", "Bert", TEXT, ENCODER),
    _model("BertForMaskedLM", "Bert", TEXT, ENCODER),
    _model("RobertaModel", "Roberta", TEXT, ENCODER),
    _model("XLMRobertaModel", "XLMRoberta", TEXT, ENCODER),
    _model("RobertaPreLayerNormModel", "RobertaPreLayerNorm", TEXT, ENCODER),
    _model("ElectraModel", "Electra", {**TEXT, "embedding_size": 16}, ENCODER),
    _model("AlbertModel", "Albert", {**TEXT, "embedding_size": 16}, ENCODER[:4]),
    _model("BigBirdModel", "BigBird", {**TEXT, "attention_type": "original_full"}, ENCODER),
    _model(
        "DistilBertModel",
        "DistilBert",
        {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 37, "vocab_size": 99, "max_position_embeddings": 64},
        (IDS, MASK),
    ),
    _model("RoFormerModel", "RoFormer", TEXT, (IDS, MASK, TYPES, None)),
    _model("GPT2LMHeadModel", "GPT2", GPT, DECODER),
    _model(
        "GPTNeoForCausalLM",
        "GPTNeo",
        {
            "hidden_size": 32,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 4,
            "intermediate_size": 37,
            "vocab_size": 99,
            "max_position_embeddings": 64,
        },
        DECODER,
    ),
    _model("GPTJForCausalLM", "GPTJ", {**GPT, "rotary_dim": 4}, DECODER),
    _model("LlamaForCausalLM", "Llama", {**TEXT, "num_key_value_heads": 4}, DECODER),
    _model("MistralForCausalLM", "Mistral", {**TEXT, "num_key_value_heads": 2, "sliding_window": 4}, DECODER),
    _model("GemmaForCausalLM", "Gemma", {**TEXT, "num_key_value_heads": 2, "head_dim": 8}, DECODER),
    _model(
        "OPTForCausalLM",
        "OPT",
        {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "ffn_dim": 37,
            "vocab_size": 99,
            "max_position_embeddings": 64,
            "word_embed_proj_dim": 16,
        },
        DECODER,
    ),
    _model(
        "XGLMForCausalLM",
        "XGLM",
        {
            "d_model": 32,
            "num_layers": 2,
            "attention_heads": 4,
            "ffn_dim": 37,
            "vocab_size": 99,
            "max_position_embeddings": 64,
        },
        DECODER,
    ),
    _model("BloomForCausalLM", "Bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 99}, DECODER[:2]),
    _model("T5ForConditionalGeneration", "T5", T5, BOTH[:4]),
    _model("MT5ForConditionalGeneration", "MT5", T5, BOTH[:4]),
    _model("LongT5ForConditionalGeneration", "LongT5", {**T5, "local_radius": 3}, BOTH[:4]),
    _model("BartForConditionalGeneration", "Bart", TRANSLATION, BOTH),
    _model("MBartForConditionalGeneration", "MBart", TRANSLATION, BOTH),
    _model("PegasusForConditionalGeneration", "Pegasus", TRANSLATION, BOTH),
    _model("MarianMTModel", "Marian", {**TRANSLATION, "pad_token_id": 98, "decoder_start_token_id": 98}, BOTH),
    _model("BlenderbotForConditionalGeneration", "Blenderbot", TRANSLATION, BOTH),
    _model("BlenderbotSmallForConditionalGeneration", "BlenderbotSmall", TRANSLATION, BOTH),
    _model("ViTModel", "ViT", VISION, (IMAGES,)),
    _model("BeitModel", "Beit", {**VISION, "use_relative_position_bias": True, "vocab_size": 99}, (IMAGES,)),
    _model("Dinov2Model", "Dinov2", VISION, (IMAGES,)),
    _model("ResNetModel", "ResNet", {**STAGES, "layer_type": "basic"}, (IMAGES,)),
    _model("RegNetModel", "RegNet", {**STAGES, "groups_width": 4}, (IMAGES,)),
    _model(
        "WhisperForConditionalGeneration",
        "Whisper",
        {**ENCODER_DECODER, **DIALECTS, "vocab_size": 99, "max_source_positions": 32, "max_target_positions": 64},
        (SPECTROGRAM, IDS, MASK, POSITIONS),
    ),
    _model("Wav2Vec2Model", "Wav2Vec2", {**LAYERS, **SPEECH, "do_stable_layer_norm": True}, (SOUND,)),
    _model(
        "CLIPModel",
        "CLIP",
        {"text_config": TEXT, "vision_config": VISION, "projection_dim": 24},
        (IDS, IMAGES, MASK, POSITIONS),
    ),
)

# Paths that the configurations above leave out.
VARIANTS = (
    replace(
        TABLE[0], name="BertModel, dropout", kwargs={"deterministic": False, "rngs": {"dropout": jax.random.key(5)}}
    ),
    _model(
        "BigBirdModel",
        "BigBird",
        {**TEXT, "attention_type": "block_sparse", "block_size": 4, "num_random_blocks": 1},
        LONG,
        ", sparse",
    ),
    _model(
        "LongT5ForConditionalGeneration",
        "LongT5",
        {**T5, "local_radius": 3, "encoder_attention_type": "transient-global", "global_block_size": 4},
        BOTH[:4],
        ", global",
    ),
)
