"""A Gauss-Newton step for a language model, by conjugate gradients.

The Gauss-Newton matrix is G = Jᵀ H J. J is the derivative of the logits with respect
to the parameters, H the Hessian of the loss with respect to the logits. G v needs J v,
which the generated function gives, and Jᵀ u, which is its transpose: J v is linear in
v, so `jax.linear_transpose` finds it.

    python -m examples.scripts.gauss_newton
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from examples.models.language_model import Config, LanguageModel, next_token_loss
from examples.models.language_model_jvp import LanguageModel_jvp

DAMPING = 0.1

model = LanguageModel(Config(vocabulary=16, width=16, heads=2, layers=1, max_length=8))
# Four rows that count in steps of one to four.
tokens = (jnp.arange(8) * jnp.arange(1, 5)[:, None]) % 16


def loss_of_logits(logits):
    return next_token_loss(logits, tokens)


def logits_along(params, direction):
    """J v: how the logits change along a direction of the parameters."""
    _, logits_dot = LanguageModel_jvp(
        model, {"params": params}, tokens, variable_tangents={"params": direction}
    )
    return logits_dot


def gauss_newton_product(params, v):
    """G v = Jᵀ H J v."""
    logits = model.apply({"params": params}, tokens)
    _, hessian_times = jax.linearize(jax.grad(loss_of_logits), logits)
    j_transposed = jax.linear_transpose(lambda d: logits_along(params, d), params)
    return j_transposed(hessian_times(logits_along(params, v)))[0]


def reference_product(params, v):
    """The same by `jax.jvp` and `jax.vjp`."""

    def logits_of(p):
        return model.apply({"params": p}, tokens)

    logits, logits_dot = jax.jvp(logits_of, (params,), (v,))
    _, curved = jax.jvp(jax.grad(loss_of_logits), (logits,), (logits_dot,))
    return jax.vjp(logits_of, params)[1](curved)[0]


@jax.jit
def loss_and_gradient(params):
    def loss_of(p):
        return loss_of_logits(model.apply({"params": p}, tokens))

    return jax.value_and_grad(loss_of)(params)


def conjugate_gradients(product, b, steps=20):
    """Approximately solves product(x) = b for vectors."""
    x, residual, direction = jnp.zeros_like(b), b, b
    for _ in range(steps):
        curved = product(direction)
        size = residual @ residual
        step = size / (direction @ curved)
        x, residual = x + step * direction, residual - step * curved
        direction = residual + (residual @ residual) / size * direction
    return x


def main():
    params = jax.jit(model.init)(jax.random.key(0), tokens)["params"]
    flat, unravel = ravel_pytree(params)

    @jax.jit
    def product(flat, v):
        return ravel_pytree(gauss_newton_product(unravel(flat), unravel(v)))[0]

    @jax.jit
    def reference(flat, v):
        return ravel_pytree(reference_product(unravel(flat), unravel(v)))[0]

    v = jax.random.normal(jax.random.key(1), flat.shape)
    expected = reference(flat, v)
    error = jnp.linalg.norm(product(flat, v) - expected) / jnp.linalg.norm(expected)
    print(f"G v for {flat.size} parameters: relative difference {error:.0e}")

    print("step  loss")
    for i in range(5):
        loss, gradient = loss_and_gradient(unravel(flat))
        print(f"{i:4}  {loss:.4f}")
        # Solve (G + damping) x = -gradient, and move by x.
        damped = partial(lambda at, v: product(at, v) + DAMPING * v, flat)
        flat = flat + conjugate_gradients(damped, -ravel_pytree(gradient)[0])


if __name__ == "__main__":
    main()
