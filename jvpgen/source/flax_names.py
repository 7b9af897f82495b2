"""What ships about the names of Flax: where each public name of flax.linen really lives, and what kind of thing it is.

    canonical("flax.linen.Dense")          # "flax.linen.linear.Dense"
    canonical("flax.linen.relu")           # "jax.nn.relu"
    is_module_class("flax.linen.linear.Dense")
    STARS["flax.linen"]                    # what `from flax.linen import *` brings (and `from jvpgen import *`)

So classes that derive from `nn.Dense` are recognised where no flax is installed. A test compares the tables with the
installed flax.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Module classes by the file of flax/linen that defines them; a base in parentheses where it is not Module itself.
_MODULE_CLASSES = {
    "activation": "PReLU",
    "attention": "MultiHeadDotProductAttention MultiHeadAttention(MultiHeadDotProductAttention) "
    "SelfAttention(MultiHeadDotProductAttention)",
    "combinators": "Sequential",
    "fp8_ops": "Fp8Einsum(Fp8DotGeneralBase) Fp8DirectDotGeneralOp(Fp8DotGeneralBase) Fp8DotGeneralBase "
    "Fp8DotGeneralOp(Fp8DotGeneralBase) "
    "NANOOFp8DotGeneralOp(Fp8DotGeneralOp)",
    "linear": "Conv(_Conv) ConvLocal(_Conv) ConvTranspose Dense DenseGeneral Einsum Embed _Conv",
    "module": "Module",
    "normalization": "BatchNorm GroupNorm InstanceNorm LayerNorm RMSNorm SpectralNorm WeightNorm",
    "recurrent": "Bidirectional ConvLSTMCell(RNNCellBase) GRUCell(RNNCellBase) LSTMCell(RNNCellBase) "
    "MGUCell(RNNCellBase) OptimizedLSTMCell(RNNCellBase) RNN RNNCellBase SimpleCell(RNNCellBase) DenseParams",
    "stochastic": "Dropout",
}

# Everything else that flax.linen re-exports, by the module that it belongs to; `alias=name` where they differ.
_OTHERS = {
    "flax.core.axes_scan": "broadcast",
    "flax.core.frozen_dict": "FrozenDict",
    "flax.core.meta": "PARTITION_NAME Partitioned get_partition_spec get_sharding unbox with_partitioning",
    "flax.core.scope": "DenyList Variable",
    "flax.core.spmd": "get_logical_axis_rules logical_axis_rules set_logical_axis_rules",
    "flax.linen.attention": "combine_masks dot_product_attention dot_product_attention_weights make_attention_mask "
    "make_causal_mask",
    "flax.linen.batch_apply": "BatchApply",
    "flax.linen.fp8_ops": "Fp8DotGeneral=Fp8DirectDotGeneralOp",
    "flax.linen.initializers": "ones_init zeros_init",
    "flax.linen.module": "apply compact compact_name_scope disable_named_call enable_named_call init init_with_output "
    "intercept_methods merge_param nowrap override_named_call share_scope",
    "flax.linen.pooling": "avg_pool max_pool pool",
    "flax.linen.spmd": "LogicallyPartitioned logical_to_mesh logical_to_mesh_axes logical_to_mesh_sharding "
    "with_logical_constraint with_logical_partitioning",
    "flax.linen.summary": "tabulate",
    "flax.linen.transforms": "add_metadata_axis checkpoint cond custom_vjp fold_rngs grad jit jvp map_variables "
    "named_call remat=checkpoint remat_scan scan switch value_and_grad vjp vmap while_loop",
    "jax.nn": "celu elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid log_softmax "
    "logsumexp normalize=standardize one_hot relu relu6 selu sigmoid silu soft_sign softmax softplus standardize swish",
    "jax.nn.initializers": "ones zeros",
    "jax.numpy": "tanh",
}

_SUBMODULES = (
    "activation attention batch_apply combinators dtypes fp8_ops initializers kw_only_dataclasses linear module "
    "normalization partitioning pooling recurrent spmd stochastic summary transforms"
)

_INITIALIZERS = (
    "constant delta_orthogonal glorot_normal glorot_uniform he_normal he_uniform kaiming_normal kaiming_uniform "
    "lecun_normal lecun_uniform normal ones orthogonal truncated_normal uniform variance_scaling xavier_normal "
    "xavier_uniform zeros"
)

MODULE = "flax.linen.module.Module"

# Transforms of a Module class into a Module class, with the word that Flax puts before the class's name.
CLASS_TRANSFORMS: Mapping[str, str] = MappingProxyType(
    {
        "flax.linen.transforms.add_metadata_axis": "",
        "flax.linen.transforms.checkpoint": "Checkpoint",
        "flax.linen.transforms.fold_rngs": "Fold_rngs",
        "flax.linen.transforms.jit": "Jit",
        "flax.linen.transforms.map_variables": "Map_variables",
        "flax.linen.transforms.named_call": "",
        "flax.linen.transforms.remat_scan": "Remat_scan",
        "flax.linen.transforms.scan": "Scan",
        "flax.linen.transforms.vmap": "Vmap",
        "flax.linen.partitioning.remat": "Core_remat_static",
        "flax.linen.partitioning.scan_with_axes": "Map_variablesScan",
        "flax.linen.partitioning.vmap_with_axes": "Vmap",
    }
)

# Classes and class decorators that make records of fields: what `Definition.kind` calls "struct".
STRUCT_BASES = frozenset({"typing.NamedTuple", "typing_extensions.NamedTuple", "flax.struct.PyTreeNode"})
STRUCT_DECORATORS = frozenset(
    {
        "dataclasses.dataclass",
        "flax.struct.dataclass",
        "chex.dataclass",
        "chex._src.dataclass.dataclass",
        "jax_dataclasses.pytree_dataclass",
        "attr.s",
        "attr.define",
        "attr.frozen",
        "attrs.define",
        "attrs.frozen",
    }
)


def _parse_classes() -> dict[str, str]:
    """Each module class's qualified name, with its base's."""
    bases: dict[str, str] = {}
    for file, text in _MODULE_CLASSES.items():
        for word in text.split():
            name, _, base = word.rstrip(")").partition("(")
            bases[f"flax.linen.{file}.{name}"] = f"flax.linen.{file}.{base}" if base else MODULE
    bases[MODULE] = "builtins.object"
    return bases


def _parse_exports() -> dict[str, str]:
    """What each public name of flax.linen canonically is."""
    exports = {}
    for name in _BASES:
        bare = name.rpartition(".")[2]
        if bare not in _PRIVATE:
            exports[f"flax.linen.{bare}"] = name
    for module, text in _OTHERS.items():
        for word in text.split():
            alias, _, name = word.partition("=")
            exports[f"flax.linen.{alias}"] = f"{module}.{name or alias}"
    for name in _INITIALIZERS.split():
        exports[f"flax.linen.initializers.{name}"] = f"jax.nn.initializers.{name}"
    for name in _ACTIVATIONS:
        exports[f"flax.linen.activation.{name}"] = exports[f"flax.linen.{name}"]
    exports |= {
        "flax.linen.transforms.remat": "flax.linen.transforms.checkpoint",
    }
    return exports


_PRIVATE = frozenset({"DenseParams", "Fp8DotGeneralBase", "_Conv"})
_ACTIVATIONS = ("tanh", *(word.partition("=")[0] for word in _OTHERS["jax.nn"].split()))
_JVPGEN = "NotGenerated StaleDerivative __version__ apply_jvp derive transform"  # our own `__all__`

_BASES = _parse_classes()
_EXPORTS = _parse_exports()

STARS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "flax.linen": {
            **{name: f"flax.linen.{name}" for name in _SUBMODULES.split()},
            **{
                name.removeprefix("flax.linen."): f"flax.linen.{name.removeprefix('flax.linen.')}"
                for name in _EXPORTS
                if name.count(".") == 2
            },
        },
        "flax.linen.initializers": {
            name: f"flax.linen.initializers.{name}" for name in (*_INITIALIZERS.split(), "ones_init", "zeros_init")
        },
        "jvpgen": {name: f"jvpgen.{name}" for name in _JVPGEN.split()},
        "typing": {},
    }
)


def canonical(qualified: str) -> str:
    """The name under which Flax or JAX defines what `qualified` names; itself where it is no known re-export."""
    if not qualified.startswith("flax.linen"):
        return qualified
    parts = qualified.split(".")
    for count in range(len(parts), 2, -1):
        found = _EXPORTS.get(".".join(parts[:count]))
        if found is not None:
            return ".".join((found, *parts[count:]))
    return qualified


def is_module_class(qualified: str) -> bool:
    """Whether a qualified name is a Module class of flax.linen's own."""
    return canonical(qualified) in _BASES


def base_of(qualified: str) -> str | None:
    """The base class of one of flax.linen's own Module classes."""
    return _BASES.get(canonical(qualified))


def is_nnx_module(qualified: str) -> bool:
    """Whether a qualified name lies in flax's other module system."""
    return qualified.startswith(("flax.nnx.", "flax.experimental.nnx."))
