"""Functions of flax.linen, jax.image and jax.random that move or mask values."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.linen.dtypes import promote_dtype

from jvpgen.runtime.pair import Pair
from jvpgen.runtime.pushing import push
from jvpgen.runtime.zero import is_inexact, is_zero, zero


def promote_dtype_jvp(*args: Any, args_dot: Any = (), dtype: Any = None, inexact: bool = True) -> tuple[Any, Any]:
    """`flax.linen.dtypes.promote_dtype`: every tangent cast as its value is."""
    out = promote_dtype(*args, dtype=dtype, inexact=inexact)
    return out, [
        zero(value) if is_zero(tangent) or not is_inexact(value) else jnp.asarray(tangent, value.dtype)
        for value, tangent in zip(out, args_dot or (None,) * len(args), strict=True)
    ]


def make_attention_mask_jvp(
    query_input: Any,
    query_input_dot: Any,
    key_input: Any,
    key_input_dot: Any = None,
    pairwise_fn: Any = jnp.multiply,
    extra_batch_dims: int = 0,
    dtype: Any = jnp.float32,
) -> tuple[Any, Any]:
    """`nn.make_attention_mask`: pairwise_fn over all pairs of a query and a key, pushed forward."""
    out = nn.make_attention_mask(query_input, key_input, pairwise_fn, extra_batch_dims, dtype)
    if (is_zero(query_input_dot) and is_zero(key_input_dot)) or not is_inexact(out):
        return out, zero(out)
    queries = Pair(
        jnp.expand_dims(query_input, -1), None if is_zero(query_input_dot) else jnp.expand_dims(query_input_dot, -1)
    )
    keys = Pair(jnp.expand_dims(key_input, -2), None if is_zero(key_input_dot) else jnp.expand_dims(key_input_dot, -2))
    _, mask_dot = push(pairwise_fn, [queries, keys], {})
    return out, zero(out) if is_zero(mask_dot) else mask_dot.reshape(out.shape).astype(out.dtype)


def resize_jvp(image: Any, image_dot: Any, shape: Any, method: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`jax.image.resize`, which is linear: image_dot resized."""
    out = jax.image.resize(image, shape, method, *args, **kwargs)
    return out, zero(out) if is_zero(image_dot) else jax.image.resize(image_dot, shape, method, *args, **kwargs)


def permutation_jvp(key: Any, x: Any, x_dot: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`jax.random.permutation`: x_dot in the same order, which the key alone decides."""
    out = jax.random.permutation(key, x, *args, **kwargs)
    return out, zero(out) if is_zero(x_dot) else jax.random.permutation(key, x_dot, *args, **kwargs)


def choice_jvp(key: Any, a: Any, a_dot: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """`jax.random.choice`: a_dot of the same choice, which the key and the probabilities decide."""
    out = jax.random.choice(key, a, *args, **kwargs)
    return out, zero(out) if is_zero(a_dot) else jax.random.choice(key, a_dot, *args, **kwargs)
