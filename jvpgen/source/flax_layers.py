"""What ships about flax.linen's layers: the fields of each, the variables that it declares, the keys that it draws.

A shape is an expression of the layer's fields and of the arguments of its `__call__`, with two extra words:
`as_tuple(x)` makes a tuple of a number, and so does `sizes(x)`, of which a tuple is expected. A condition (`when`) is
one of the fields. Names in braces in a path are known at run time only. A test initializes every layer of the installed
flax and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jvpgen.source.flax_names import base_of, canonical


@dataclass(frozen=True)
class Row:
    """One variable of a layer; all but `path` are expressions, `collection` and `path` patterns."""

    path: str
    shape: str | None
    initializer: str | None
    when: str | None = None
    collection: str = "params"
    dtype: str | None = "param_dtype"


@dataclass(frozen=True)
class Layer:
    """`signature` is that of the constructor. `rngs` are streams, a pattern and a condition each."""

    signature: str
    variables: tuple[Row, ...] = ()
    rngs: tuple[tuple[str, str | None], ...] = ()


_CONV = (
    "features, kernel_size, strides=1, padding='SAME', input_dilation=1, kernel_dilation=1, feature_group_count=1, "
    "use_bias=True, mask=None, dtype=None, param_dtype=jnp.float32, precision=None, kernel_init=lecun_normal(), "
    "bias_init=zeros, promote_dtype=promote_dtype, conv_general_dilated=None, conv_general_dilated_cls=None"
)
_NORM = (
    "dtype=None, param_dtype=jnp.float32, use_bias=True, use_scale=True, bias_init=zeros, scale_init=ones, {}"
    "axis_name=None, axis_index_groups=None, use_fast_variance=True, force_float32_reductions=True"
)
_ATTENTION = (
    "num_heads, dtype=None, param_dtype=jnp.float32, qkv_features=None, out_features=None, broadcast_dropout=True, "
    "dropout_rate=0.0, deterministic=None, precision=None, kernel_init=lecun_normal(), out_kernel_init=None, "
    "bias_init=zeros, out_bias_init=None, use_bias=True, attention_fn=dot_product_attention, decode=False, "
    "normalize_qk=False, force_fp32_for_softmax=False, qkv_dot_general=None, out_dot_general=None, "
    "qkv_dot_general_cls=None, out_dot_general_cls=None, qk_attn_weights_einsum_cls=None, "
    "attn_weights_value_einsum_cls=None"
)
_CELL = (
    "features, gate_fn=sigmoid, activation_fn=tanh, kernel_init=lecun_normal(), recurrent_kernel_init=orthogonal(), "
    "{}dtype=None, param_dtype=jnp.float32, carry_init=zeros"
)
_FP8 = "amax_history_length=1024, e4m3_dtype=jnp.float8_e4m3fn, e5m2_dtype=jnp.float8_e5m2"


def _scale_and_bias(shape: str) -> tuple[Row, ...]:
    return Row("scale", shape, "scale_init", "use_scale"), Row("bias", shape, "bias_init", "use_bias")


def _attention(query: str, key: str, value: str) -> tuple[Row, ...]:
    width = f"(qkv_features or {query}.shape[-1])"
    head = f"{width} // num_heads"
    rows = []
    for name, inputs in (("query", query), ("key", key), ("value", value)):
        rows.append(Row(f"{name}/kernel", f"({inputs}.shape[-1], num_heads, {head})", "kernel_init"))
        rows.append(Row(f"{name}/bias", f"(num_heads, {head})", "bias_init", "use_bias"))
    features = f"out_features or {query}.shape[-1]"
    cached = f"(*{key}.shape[:-1], num_heads, {head})"
    return (
        *rows,
        Row("query_ln/scale", f"({head},)", "ones", "normalize_qk"),
        Row("key_ln/scale", f"({head},)", "ones", "normalize_qk"),
        Row("cached_key", cached, "jnp.zeros", "decode", "cache", None),
        Row("cached_value", cached, "jnp.zeros", "decode", "cache", None),
        Row("cache_index", "()", "jnp.zeros", "decode", "cache", "jnp.int32"),
        Row("out/kernel", f"(num_heads, {head}, {features})", "out_kernel_init or kernel_init"),
        Row("out/bias", f"({features},)", "out_bias_init or bias_init", "use_bias"),
    )


def _gates(inputs: str, recurrent: str, bias: str = "bias_init", input_biases: bool = False) -> tuple[Row, ...]:
    """The kernels of a recurrent cell's gates; only one of two summed kernels has a bias."""
    rows = []
    for gate in inputs.split():
        rows.append(Row(f"{gate}/kernel", "(inputs.shape[-1], features)", "kernel_init"))
        rows += [Row(f"{gate}/bias", "(features,)", bias)] if input_biases else []
    for gate in recurrent.split():
        rows.append(Row(f"{gate}/kernel", "(features, features)", "recurrent_kernel_init"))
        rows += [] if input_biases else [Row(f"{gate}/bias", "(features,)", bias)]
    return tuple(rows)


_ATTENTION_RNGS = (("dropout", "dropout_rate > 0 and not deterministic"),)
_FP8_ROWS = tuple(
    Row(f"{what}_{name}", shape, initializer, None, "_overwrite_with_gradient", "jnp.float32")
    for name, shape, initializer in (
        ("amax_history", "(amax_history_length,)", "zeros"),
        ("scale", "(1,)", "ones"),
    )
    for what in ("input", "kernel", "output_grad")
)
_CONV_LOCAL = (Row("kernel", None, "kernel_init"), Row("bias", None, "bias_init", "use_bias"))
_NORM_SHAPE = "(*[x.shape[i] for i in as_tuple(feature_axes)],)"
_DENSE = (
    Row("kernel", "(inputs.shape[-1], features)", "kernel_init"),
    Row("bias", "(features,)", "bias_init", "use_bias"),
)

LAYERS: Mapping[str, Layer] = MappingProxyType(
    {
        "activation.PReLU": Layer(
            "param_dtype=jnp.float32, negative_slope_init=0.01", (Row("negative_slope", "()", "negative_slope_init"),)
        ),
        "attention.MultiHeadDotProductAttention": Layer(
            _ATTENTION, _attention("inputs_q", "inputs_k", "inputs_v"), _ATTENTION_RNGS
        ),
        "attention.SelfAttention": Layer(_ATTENTION, _attention("inputs_q", "inputs_q", "inputs_q"), _ATTENTION_RNGS),
        "combinators.Sequential": Layer("layers"),
        "fp8_ops.Fp8DotGeneralBase": Layer(_FP8, _FP8_ROWS),
        "linear.Dense": Layer(
            "features, use_bias=True, dtype=None, param_dtype=jnp.float32, precision=None, kernel_init=lecun_normal(), "
            "bias_init=zeros, promote_dtype=promote_dtype, dot_general=None, dot_general_cls=None",
            _DENSE,
        ),
        "linear.DenseGeneral": Layer(
            "features, axis=-1, batch_dims=(), use_bias=True, dtype=None, param_dtype=jnp.float32, "
            "kernel_init=lecun_normal(), bias_init=zeros, precision=None, promote_dtype=promote_dtype, "
            "dot_general=None, dot_general_cls=None",
            (
                Row(
                    "kernel",
                    "(*[inputs.shape[i] for i in as_tuple(batch_dims)], "
                    "*[inputs.shape[i] for i in as_tuple(axis)], *as_tuple(features))",
                    "kernel_init",
                ),
                Row(
                    "bias",
                    "(*[inputs.shape[i] for i in as_tuple(batch_dims)], *as_tuple(features))",
                    "bias_init",
                    "use_bias",
                ),
            ),
        ),
        "linear.Einsum": Layer(
            "shape, einsum_str=None, use_bias=True, dtype=None, param_dtype=jnp.float32, precision=None, "
            "kernel_init=lecun_normal(), bias_init=zeros, promote_dtype=promote_dtype, preferred_element_type=None",
            (Row("kernel", "shape", "kernel_init"), Row("bias", None, "bias_init", "use_bias")),
        ),
        "linear._Conv": Layer(_CONV),
        "linear.Conv": Layer(
            _CONV,
            (
                Row(
                    "kernel",
                    "(*sizes(kernel_size), inputs.shape[-1] // feature_group_count, features)",
                    "kernel_init",
                ),
                Row("bias", "(features,)", "bias_init", "use_bias"),
            ),
        ),
        "linear.ConvLocal": Layer(_CONV, _CONV_LOCAL),
        "linear.ConvTranspose": Layer(
            "features, kernel_size, strides=None, padding='SAME', kernel_dilation=None, use_bias=True, mask=None, "
            "dtype=None, param_dtype=jnp.float32, precision=None, kernel_init=lecun_normal(), bias_init=zeros, "
            "transpose_kernel=False, promote_dtype=promote_dtype, preferred_element_type=None",
            (
                Row(
                    "kernel",
                    "(*sizes(kernel_size), features, inputs.shape[-1]) if transpose_kernel "
                    "else (*sizes(kernel_size), inputs.shape[-1], features)",
                    "kernel_init",
                ),
                Row("bias", "(features,)", "bias_init", "use_bias"),
            ),
        ),
        "linear.Embed": Layer(
            "num_embeddings, features, dtype=None, param_dtype=jnp.float32, "
            "embedding_init=variance_scaling(1.0, 'fan_in', 'normal', out_axis=0), promote_dtype=promote_dtype",
            (Row("embedding", "(num_embeddings, features)", "embedding_init"),),
        ),
        "normalization.BatchNorm": Layer(
            "use_running_average=None, axis=-1, momentum=0.99, epsilon=1e-05, " + _NORM.format(""),
            (
                Row(
                    "mean", "(*[x.shape[i] for i in as_tuple(axis)],)", "jnp.zeros", None, "batch_stats", "jnp.float32"
                ),
                Row("var", "(*[x.shape[i] for i in as_tuple(axis)],)", "jnp.ones", None, "batch_stats", "jnp.float32"),
                *_scale_and_bias("(*[x.shape[i] for i in as_tuple(axis)],)"),
            ),
        ),
        "normalization.GroupNorm": Layer(
            "num_groups=32, group_size=None, epsilon=1e-06, " + _NORM.format("reduction_axes=None, "),
            _scale_and_bias("(x.shape[-1],)"),
        ),
        "normalization.InstanceNorm": Layer(
            "epsilon=1e-06, " + _NORM.format("feature_axes=-1, "), _scale_and_bias(_NORM_SHAPE)
        ),
        "normalization.LayerNorm": Layer(
            "epsilon=1e-06, " + _NORM.format("reduction_axes=-1, feature_axes=-1, "), _scale_and_bias(_NORM_SHAPE)
        ),
        "normalization.RMSNorm": Layer(
            "epsilon=1e-06, dtype=None, param_dtype=jnp.float32, use_scale=True, scale_init=ones, reduction_axes=-1, "
            "feature_axes=-1, axis_name=None, axis_index_groups=None, use_fast_variance=True, "
            "force_float32_reductions=True",
            (Row("scale", _NORM_SHAPE, "scale_init", "use_scale"),),
        ),
        "normalization.SpectralNorm": Layer(
            "layer_instance, n_steps=1, epsilon=1e-12, dtype=None, param_dtype=jnp.float32, error_on_non_matrix=False, "
            "collection_name='batch_stats'",
            (
                Row("{layer_instance}/{variable}/u", None, "jax.random.normal", "n_steps >= 1", "{collection_name}"),
                Row("{layer_instance}/{variable}/sigma", "()", "jnp.ones", "n_steps >= 1", "{collection_name}"),
            ),
        ),
        "normalization.WeightNorm": Layer(
            "layer_instance, epsilon=1e-12, dtype=None, param_dtype=jnp.float32, use_scale=True, scale_init=ones, "
            "feature_axes=-1, variable_filter=None",
            (Row("{layer_instance}/{variable}/scale", None, "scale_init", "use_scale"),),
        ),
        "recurrent.Bidirectional": Layer(
            "forward_rnn, backward_rnn, merge_fn=concatenate, time_major=False, return_carry=False"
        ),
        "recurrent.ConvLSTMCell": Layer(
            "features, kernel_size, strides=None, padding='SAME', use_bias=True, dtype=None, param_dtype=jnp.float32, "
            "carry_init=zeros",
            (
                Row("ih/kernel", "(*sizes(kernel_size), inputs.shape[-1], 4 * features)", "lecun_normal()"),
                Row("ih/bias", "(4 * features,)", "zeros", "use_bias"),
                Row("hh/kernel", "(*sizes(kernel_size), features, 4 * features)", "lecun_normal()"),
                Row("hh/bias", "(4 * features,)", "zeros", "use_bias"),
            ),
        ),
        "recurrent.DenseParams": Layer(
            "features, use_bias=True, param_dtype=jnp.float32, precision=None, kernel_init=lecun_normal(), "
            "bias_init=zeros",
            _DENSE,
        ),
        "recurrent.GRUCell": Layer(
            _CELL.format("bias_init=zeros, "),
            (
                *_gates("in ir iz", "hr hz", input_biases=True),
                Row("hn/kernel", "(features, features)", "recurrent_kernel_init"),
                Row("hn/bias", "(features,)", "bias_init"),
            ),
        ),
        "recurrent.LSTMCell": Layer(_CELL.format("bias_init=zeros, "), _gates("if ig ii io", "hf hg hi ho")),
        "recurrent.MGUCell": Layer(
            _CELL.format("forget_bias_init=ones, activation_bias_init=zeros, ") + ", reset_gate=True",
            (
                Row("if/kernel", "(inputs.shape[-1], features)", "kernel_init"),
                Row("if/bias", "(features,)", "forget_bias_init"),
                Row("in/kernel", "(inputs.shape[-1], features)", "kernel_init"),
                Row("in/bias", "(features,)", "activation_bias_init"),
                Row("hf/kernel", "(features, features)", "recurrent_kernel_init"),
                Row("hn/kernel", "(features, features)", "recurrent_kernel_init"),
                Row("hn/bias", "(features,)", "activation_bias_init", "reset_gate"),
            ),
        ),
        "recurrent.OptimizedLSTMCell": Layer(_CELL.format("bias_init=zeros, "), _gates("if ig ii io", "hf hg hi ho")),
        "recurrent.RNN": Layer(
            "cell, time_major=False, return_carry=False, reverse=False, keep_order=False, unroll=1, "
            "variable_axes=FrozenDict(), variable_broadcast='params', variable_carry=False, "
            "split_rngs=FrozenDict({'params': False})"
        ),
        "recurrent.SimpleCell": Layer(
            "features, activation_fn=tanh, kernel_init=lecun_normal(), recurrent_kernel_init=orthogonal(), "
            "bias_init=zeros, dtype=None, param_dtype=jnp.float32, carry_init=zeros, residual=False",
            (
                Row("i/kernel", "(inputs.shape[-1], features)", "kernel_init"),
                Row("i/bias", "(features,)", "bias_init"),
                Row("h/kernel", "(features, features)", "recurrent_kernel_init"),
            ),
        ),
        "stochastic.Dropout": Layer(
            "rate, broadcast_dims=(), deterministic=None, rng_collection='dropout'",
            (),
            (("{rng_collection}", "rate and not deterministic"),),
        ),
    }
)


def layer(qualified: str | None) -> Layer | None:
    """What a class of flax.linen's own declares, itself or by the layer that it derives from."""
    name = canonical(qualified) if qualified else None
    while name is not None:
        found = LAYERS.get(name.removeprefix("flax.linen."))
        if found is not None:
            return found
        name = base_of(name)
    return None
