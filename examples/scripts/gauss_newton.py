"""A Gauss-Newton step for a language model, by conjugate gradients.

The Gauss-Newton matrix of a loss over logits is G = Jᵀ H J: J is the derivative of the logits with respect to
the parameters, H the Hessian of the loss with respect to the logits. G v needs J v, which is the generated
function, and Jᵀ u, which is its transpose: J v is linear in v, so `jax.linear_transpose` has it.

    python -m examples.scripts.gauss_newton
"""

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from examples.models.language_model import Config, LanguageModel, next_token_loss
from examples.models.language_model_jvp import LanguageModel_jvp

DAMPING = 0.1

model = LanguageModel(Config(vocabulary=16, width=16, heads=2, layers=1, max_length=8))
tokens = (jnp.arange(8) * jnp.arange(1, 5)[:, None]) % 16  # counts in steps of one to four


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


def loss_of(params):
    return loss_of_logits(model.apply({"params": params}, tokens))


@jax.jit
def step(params):
    """Solves (G + damping) d = -∇loss and moves by d."""
    gradient = jax.grad(loss_of)(params)

    def damped(v):
        product = gauss_newton_product(params, v)
        return jax.tree.map(lambda g, x: g + DAMPING * x, product, v)

    descent = jax.tree.map(jnp.negative, gradient)
    direction, _ = jax.scipy.sparse.linalg.cg(damped, descent, maxiter=20)
    return jax.tree.map(jnp.add, params, direction)


def main():
    params = model.init(jax.random.key(0), tokens)["params"]
    flat, unravel = ravel_pytree(params)
    v = unravel(jax.random.normal(jax.random.key(1), flat.shape))

    product = ravel_pytree(jax.jit(gauss_newton_product)(params, v))[0]
    reference = ravel_pytree(jax.jit(reference_product)(params, v))[0]
    error = jnp.linalg.norm(product - reference) / jnp.linalg.norm(reference)
    print(f"G v for {flat.size} parameters: relative difference {error:.0e}")

    print("step  loss")
    for i in range(5):
        print(f"{i:4}  {loss_of(params):.4f}")
        params = step(params)


if __name__ == "__main__":
    main()
