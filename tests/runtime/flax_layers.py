"""Derivatives of some of Flax's layers, written by hand as the compiler would, so that these tests need no compiler."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from flax.linen.module import merge_param
from jax import lax, random

from jvpgen.runtime import param, pushforward, tangent_lax, tangent_numpy, variable
from jvpgen.runtime.registry import Body, attach, body_of, exact_function


def dense(self: Any, inputs: Any, inputs_dot: Any) -> Any:
    kernel, kernel_dot = param(
        self, "kernel", self.kernel_init, (jnp.shape(inputs)[-1], self.features), self.param_dtype
    )
    if self.use_bias:
        bias, bias_dot = param(self, "bias", self.bias_init, (self.features,), self.param_dtype)
    else:
        bias, bias_dot = None, None
    (inputs, kernel, bias), (inputs_dot, kernel_dot, bias_dot) = pushforward(
        self.promote_dtype, (inputs, kernel, bias), (inputs_dot, kernel_dot, bias_dot), dtype=self.dtype
    )
    dims = (((inputs.ndim - 1,), (0,)), ((), ()))
    y = lax.dot_general(inputs, kernel, dims, precision=self.precision)
    y_dot = tangent_lax.dot_general(inputs_dot, kernel, dims) + tangent_lax.dot_general(inputs, kernel_dot, dims)
    if bias is not None:
        y += jnp.reshape(bias, (1,) * (y.ndim - 1) + (-1,))
        y_dot = y_dot + tangent_numpy.reshape(bias_dot, (1,) * (y.ndim - 1) + (-1,))
    return y, y_dot


def dropout(self: Any, inputs: Any, inputs_dot: Any, deterministic: Any = None, rng: Any = None) -> Any:
    deterministic = merge_param("deterministic", self.deterministic, deterministic)
    if (self.rate == 0.0) or deterministic:
        return inputs, inputs_dot
    keep_prob = 1.0 - self.rate
    if rng is None:
        rng = self.make_rng(self.rng_collection)
    mask = jnp.broadcast_to(random.bernoulli(rng, p=keep_prob, shape=list(inputs.shape)), inputs.shape)
    return (
        lax.select(mask, inputs / keep_prob, jnp.zeros_like(inputs)),
        tangent_lax.select(mask, inputs_dot / keep_prob, tangent_numpy.zeros_like(inputs)),
    )


def _statistics(x: Any, x_dot: Any, axes: Any) -> Any:
    mu, mu_dot = x.mean(axes), x_dot.mean(axes)
    mu2, mu2_dot = lax.square(x).mean(axes), (2 * x * x_dot).mean(axes)
    spread, spread_dot = mu2 - lax.square(mu), mu2_dot - 2 * mu * mu_dot
    var = jnp.maximum(0.0, spread)
    return mu, mu_dot, var, tangent_numpy.where(spread > 0.0, spread_dot, 0)


def _normalized(mdl: Any, x: Any, x_dot: Any, mean: Any, mean_dot: Any, var: Any, var_dot: Any, axes: Any) -> Any:
    shape = [1] * (x.ndim - 1) + [x.shape[-1]]
    mean, mean_dot = jnp.expand_dims(mean, axes), tangent_numpy.expand_dims(mean_dot, axes)
    var, var_dot = jnp.expand_dims(var, axes), tangent_numpy.expand_dims(var_dot, axes)
    y, y_dot = x - mean, x_dot - mean_dot
    mul = lax.rsqrt(var + mdl.epsilon)
    mul_dot = -0.5 * mul / (var + mdl.epsilon) * var_dot
    scale, scale_dot = param(mdl, "scale", mdl.scale_init, [x.shape[-1]], mdl.param_dtype)
    scale, scale_dot = scale.reshape(shape), scale_dot.reshape(shape)
    mul, mul_dot = mul * scale, mul_dot * scale + mul * scale_dot
    y, y_dot = y * mul, y_dot * mul + y * mul_dot
    bias, bias_dot = param(mdl, "bias", mdl.bias_init, [x.shape[-1]], mdl.param_dtype)
    y, y_dot = y + bias.reshape(shape), y_dot + bias_dot.reshape(shape)
    return y, y_dot


def layer_norm(self: Any, x: Any, x_dot: Any, *, mask: Any = None) -> Any:
    mean, mean_dot, var, var_dot = _statistics(x, x_dot, (x.ndim - 1,))
    return _normalized(self, x, x_dot, mean, mean_dot, var, var_dot, (x.ndim - 1,))


def batch_norm(self: Any, x: Any, x_dot: Any, use_running_average: Any = None, *, mask: Any = None) -> Any:
    use_running_average = merge_param("use_running_average", self.use_running_average, use_running_average)
    axes = tuple(range(x.ndim - 1))
    shape = (x.shape[-1],)
    ra_mean, ra_mean_dot = variable(self, "batch_stats", "mean", lambda s: jnp.zeros(s, jnp.float32), shape)
    ra_var, ra_var_dot = variable(self, "batch_stats", "var", lambda s: jnp.ones(s, jnp.float32), shape)
    if use_running_average:
        mean, mean_dot, var, var_dot = ra_mean.value, ra_mean_dot.value, ra_var.value, ra_var_dot.value
    else:
        mean, mean_dot, var, var_dot = _statistics(x, x_dot, axes)
        if not self.is_initializing():
            ra_mean_tangent = self.momentum * ra_mean_dot.value + (1 - self.momentum) * mean_dot
            ra_mean.value = self.momentum * ra_mean.value + (1 - self.momentum) * mean
            ra_mean_dot.value = ra_mean_tangent
            ra_var_tangent = self.momentum * ra_var_dot.value + (1 - self.momentum) * var_dot
            ra_var.value = self.momentum * ra_var.value + (1 - self.momentum) * var
            ra_var_dot.value = ra_var_tangent
    return _normalized(self, x, x_dot, mean, mean_dot, var, var_dot, axes)


@contextlib.contextmanager
def attached() -> Iterator[None]:
    """Within, the layers have these derivatives; afterwards those that they had."""
    made = {nn.Dense: dense, nn.Dropout: dropout, nn.LayerNorm: layer_norm, nn.BatchNorm: batch_norm}
    functions = {exact_function(layer): derivative for layer, derivative in made.items()}
    before = {function: body_of(function) for function in functions}
    for function, derivative in functions.items():
        attach(function, Body(derivative, function))
    yield
    for function, body in before.items():
        if body is None:
            del function.__jvpgen_body__
        else:
            attach(function, body)
