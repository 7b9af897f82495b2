"""Every layer and function of flax.linen that computes, each with a way to run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

_KEY = jax.random.key(0)


@dataclass(frozen=True)
class Use:
    """A module with arguments, or a function of arrays; more than one if the ways differ."""

    target: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    mutable: Any = False
    rngs: Mapping[str, Any] = field(default_factory=dict)


def _normal(*shape: int) -> Any:
    return jax.random.normal(_KEY, shape)


def _text() -> Any:
    return jnp.array([[1, 2, 0], [3, 1, 2]])


class Stack(nn.Module):
    """A layer whose tangents go through a loop, in the shape that `nn.scan` and `nn.while_loop` want."""

    @nn.compact
    def __call__(self, carry: Any, _: Any = None) -> Any:
        return nn.tanh(nn.Dense(carry.shape[-1], name="dense")(carry)), None


class Lifted(nn.Module):
    """A lifted transform, used by `use`."""

    use: Callable[..., Any]

    @nn.compact
    def __call__(self, x: Any) -> Any:
        return self.use(self, x)


def _scanned(self: Any, x: Any) -> Any:
    return nn.scan(Stack, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)()(x, None)[0]


def _mapped(self: Any, x: Any) -> Any:
    return nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True})(4)(x)


def _with_swapped(self: Any, x: Any) -> Any:
    def swap(variables: Any) -> Any:
        return jax.tree.map(jnp.transpose, variables)

    return nn.map_variables(nn.Dense, "params", swap, swap, init=True)(4, use_bias=False)(x)


def _branched(self: Any, x: Any) -> Any:
    dense = nn.Dense(4)
    both = (lambda m, a: m(a), lambda m, a: m(2 * a))
    if self.is_initializing():
        return dense(x)
    return nn.cond(x.sum() > 0, *both, dense, x) + nn.switch(1, both, dense, x)


def _looped(self: Any, x: Any) -> Any:
    dense = nn.Dense(x.shape[-1])
    if self.is_initializing():
        return dense(x)
    return nn.while_loop(lambda m, c: c[1] < 3, lambda m, c: (nn.tanh(m(c[0])), c[1] + 1), dense, (x, 0))[0]


def _made(transform: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    return lambda self, x: transform(nn.Dense, **settings)(x.shape[-1])(x)


_x = _normal(2, 4)
_images = _normal(2, 6, 6, 3)
_sequence = _normal(2, 5, 4)
_heads = _normal(2, 5, 2, 4)

LAYERS: Mapping[str, tuple[Use, ...]] = {
    "BatchNorm": (
        Use(nn.BatchNorm(use_running_average=False), (_normal(7, 4),), mutable=["batch_stats"]),
        Use(nn.BatchNorm(use_running_average=True), (_x,)),
    ),
    "Bidirectional": (Use(nn.Bidirectional(nn.RNN(nn.LSTMCell(3)), nn.RNN(nn.GRUCell(3))), (_sequence,)),),
    "Conv": (Use(nn.Conv(4, (3, 3), strides=2), (_images,)),),
    "ConvLSTMCell": (Use(nn.RNN(nn.ConvLSTMCell(2, (3, 3))), (_normal(2, 3, 5, 5, 1),)),),
    "ConvLocal": (Use(nn.ConvLocal(4, (3, 3)), (_images,)),),
    "ConvTranspose": (Use(nn.ConvTranspose(4, (3, 3), strides=(2, 2)), (_images,)),),
    "Dense": (Use(nn.Dense(3), (_x,)),),
    "DenseGeneral": (Use(nn.DenseGeneral((2, 3), axis=(-2, -1)), (_sequence,)),),
    "Dropout": (Use(nn.Dropout(0.5, deterministic=False), (_x,), rngs={"dropout": _KEY}),),
    "Einsum": (Use(nn.Einsum((4, 3), "...a,ab->...b"), (_x,)),),
    "Embed": (Use(nn.Embed(5, 3), (_text(),)),),
    "GRUCell": (Use(nn.GRUCell(3), (_normal(2, 3), _x)),),
    "GroupNorm": (Use(nn.GroupNorm(2), (_normal(3, 5, 4),)),),
    "InstanceNorm": (Use(nn.InstanceNorm(), (_images,)),),
    "LSTMCell": (Use(nn.LSTMCell(3), ((_normal(2, 3), _normal(2, 3)), _x)),),
    "LayerNorm": (Use(nn.LayerNorm(), (_x,)),),
    "MGUCell": (Use(nn.MGUCell(3), (_normal(2, 3), _x)),),
    "MultiHeadAttention": (Use(nn.MultiHeadAttention(2, deterministic=True), (_sequence,)),),
    "MultiHeadDotProductAttention": (
        Use(
            nn.MultiHeadDotProductAttention(2, dropout_rate=0.5, deterministic=False),
            (_sequence, _normal(2, 3, 4)),
            rngs={"dropout": _KEY},
        ),
    ),
    "OptimizedLSTMCell": (Use(nn.OptimizedLSTMCell(3), ((_normal(2, 3), _normal(2, 3)), _x)),),
    "PReLU": (Use(nn.PReLU(), (_x,)),),
    "RMSNorm": (Use(nn.RMSNorm(), (_x,)),),
    "RNN": (
        Use(nn.RNN(nn.GRUCell(3)), (_sequence,)),
        Use(
            nn.RNN(nn.SimpleCell(3), reverse=True, return_carry=True), (_sequence,), {"seq_lengths": jnp.array([2, 5])}
        ),
    ),
    "SelfAttention": (Use(nn.SelfAttention(2, decode=False, deterministic=True), (_sequence,)),),
    "Sequential": (Use(nn.Sequential([nn.Dense(3), nn.relu, nn.Dense(2)]), (_x,)),),
    "SimpleCell": (Use(nn.SimpleCell(3), (_normal(2, 3), _x)),),
    "SpectralNorm": (
        Use(nn.SpectralNorm(nn.Dense(3)), (_x,), {"update_stats": True}, mutable=["batch_stats"]),
        Use(nn.SpectralNorm(nn.Conv(2, (3, 3))), (_images,), {"update_stats": False}),
    ),
    "WeightNorm": (Use(nn.WeightNorm(nn.Dense(3)), (_x,)),),
}

TRANSFORMS: Mapping[str, tuple[Use, ...]] = {
    "add_metadata_axis": (Use(Lifted(_made(nn.add_metadata_axis, variable_axes={"params": 0})), (_x,)),),
    "checkpoint": (Use(Lifted(_made(nn.checkpoint)), (_x,)),),
    "cond": (Use(Lifted(_branched), (_x,)),),
    "fold_rngs": (Use(Lifted(_made(nn.fold_rngs)), (_x,)),),
    "jit": (Use(Lifted(_made(nn.jit)), (_x,)),),
    "map_variables": (Use(Lifted(_with_swapped), (_x,)),),
    "remat": (Use(Lifted(_made(nn.remat)), (_x,)),),
    "remat_scan": (Use(Lifted(_made(nn.remat_scan, lengths=(2, 2))), (_x,)),),
    "scan": (Use(Lifted(_scanned), (_x,)),),
    "switch": (Use(Lifted(_branched), (_x,)),),
    "vmap": (Use(Lifted(_mapped), (_sequence,)),),
    "while_loop": (Use(Lifted(_looped), (_x,)),),
}

_ACTIVATIONS = """
    celu elu gelu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid log_softmax logsumexp normalize
    relu relu6 selu sigmoid silu soft_sign softmax softplus standardize swish tanh glu
"""

FUNCTIONS: Mapping[str, tuple[Use, ...]] = {
    **{name: (Use(getattr(nn, name), (_x,)),) for name in _ACTIVATIONS.split()},
    "avg_pool": (Use(nn.avg_pool, (_images, (2, 2)), {"strides": (2, 2)}),),
    "max_pool": (Use(nn.max_pool, (_images, (2, 2)), {"strides": (2, 2)}),),
    "pool": (Use(nn.pool, (_images, 0.0, jax.lax.add, (2, 2), (1, 1), "VALID")),),
    "dot_product_attention": (Use(nn.dot_product_attention, (_heads, _heads + 1, _heads * 2)),),
    "dot_product_attention_weights": (Use(nn.dot_product_attention_weights, (_heads, _heads + 1)),),
    "with_logical_constraint": (Use(nn.with_logical_constraint, (_x, ("a", "b"))),),
}

# What has no derivative, or belongs to another test.
OTHERS = frozenset(
    """
    Module RNNCellBase Fp8DirectDotGeneralOp Fp8DotGeneral Fp8DotGeneralOp Fp8Einsum NANOOFp8DotGeneralOp
    apply combine_masks compact compact_name_scope custom_vjp disable_named_call enable_named_call
    get_logical_axis_rules get_partition_spec get_sharding grad init init_with_output intercept_methods jvp
    logical_axis_rules logical_to_mesh logical_to_mesh_axes logical_to_mesh_sharding make_attention_mask
    make_causal_mask merge_param named_call nowrap one_hot ones ones_init override_named_call set_logical_axis_rules
    share_scope tabulate unbox value_and_grad vjp with_logical_partitioning with_partitioning zeros zeros_init
    """.split()
)
