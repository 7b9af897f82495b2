# size: 5
"""`jax.grad` and `jax.value_and_grad` inside a module: forces of a learned energy, with their tangents."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def energy(x, w):
    return jnp.sum(jnp.tanh(x @ w) ** 2)


@jvpgen.derive
class Forces(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))
        scale = self.param("scale", nn.initializers.ones, ())
        force = -jax.grad(energy)(x, w)
        value, (by_x, by_w) = jax.value_and_grad(lambda a, b: energy(a, b) * scale, argnums=(0, 1))(x, w)
        slope, parts = jax.grad(lambda a: (jnp.sum(a**3 * scale), {"scaled": a * scale}), has_aux=True)(x)
        by_row = jax.vmap(jax.grad(energy), in_axes=(0, None))(x, w)
        return force, value, by_x, by_w, slope, parts, by_row


def example():
    return {"module": Forces(), "args": (jax.random.normal(jax.random.key(0), (2, 3)),)}
