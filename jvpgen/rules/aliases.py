"""Other names of functions in the table: the same function, or one with the same parameters and meaning."""

from collections.abc import Mapping
from types import MappingProxyType

_OF_NUMPY = {
    "absolute": "abs",
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "conj": "conjugate",
    "degrees": "rad2deg",
    "radians": "deg2rad",
    "mod": "remainder",
    "true_divide": "divide",
    "pow": "power",
    "amax": "max",
    "amin": "min",
    "around": "round",
    "invert": "bitwise_not",
    "bitwise_invert": "bitwise_not",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
    "concat": "concatenate",
    "double": "float64",
    "single": "float32",
    "float_": "float64",
}

_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "matmul": "@",
    "neg": "unary-",
    "pos": "unary+",
    "invert": "unary~",
    "inv": "unary~",
    "not_": "unarynot",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "is_": "is",
    "is_not": "is not",
    "and_": "&",
    "or_": "|",
    "xor": "^",
    "lshift": "<<",
    "rshift": ">>",
    "getitem": "[]",
}

ALIASES: Mapping[str, str] = MappingProxyType(
    {f"jax.numpy.{name}": f"jax.numpy.{other}" for name, other in _OF_NUMPY.items()}
    | {
        f"{module}.{name}": f"operator.{symbol}"
        for name, symbol in _OPERATORS.items()
        for module in ("operator", "_operator")
    }
    | {
        "builtins.abs": "jax.numpy.abs",
        "builtins.pow": "operator.**",
        "jax.lax.abs": "jax.numpy.abs",
        "jax.nn.swish": "jax.nn.silu",
        "jax.nn.hard_swish": "jax.nn.hard_silu",
        "jax.nn.tanh": "jax.numpy.tanh",
        "flax.linen.normalize": "jax.nn.standardize",
        "jax.scipy.special.expit": "jax.nn.sigmoid",
        "jax.scipy.special.logsumexp": "jax.nn.logsumexp",
        "flax.linen.pooling.max_pool": "flax.linen.max_pool",
        "flax.linen.pooling.avg_pool": "flax.linen.avg_pool",
        "flax.linen.pooling.pool": "flax.linen.pool",
        "flax.linen.attention.combine_masks": "flax.linen.combine_masks",
        "flax.linen.attention.make_causal_mask": "flax.linen.make_causal_mask",
        "flax.linen.attention.make_attention_mask": "flax.linen.make_attention_mask",
        "flax.training.common_utils.onehot": "jax.nn.one_hot",
    }
)
