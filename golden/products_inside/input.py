# size: 5
"""`jax.jvp`, `jax.vjp` and `jax.linearize` inside a module; what the latter two return carries tangents."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
import numpy as np


def layer(params, x):
    h = jnp.tanh(x @ params["w"])
    return h * params["s"], {"h": h, "rows": x.shape[0]}


@jvpgen.derive
class Products(nn.Module):
    @nn.compact
    def __call__(self, x, v):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))
        params = {"w": w, "s": self.param("s", nn.initializers.ones, ())}
        y, y_t = jax.jvp(lambda a: jnp.sin(a @ w), (x,), (v,))
        z, back, seen = jax.vjp(layer, params, x, has_aux=True)
        by_params, by_x = back(v * y)
        value, along, _ = jax.linearize(lambda a: layer(params, a), x, has_aux=True)
        return y, y_t, z, seen, by_params, by_x, value, along(v), along(by_x)


@jvpgen.derive
class Curvatures(nn.Module):
    """Forward over reverse, and reverse over reverse; rows and columns of a Jacobian; integers stand still."""

    @nn.compact
    def __call__(self, x, n):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))

        def energy(a):
            return jnp.sum(jnp.tanh(a @ w) ** 2)

        def times(a, k):
            return a * k * w[0], k + 1

        forward = jax.jvp(jax.grad(energy), (x[0],), (x[1],))[1]
        reverse = jax.grad(lambda a: jnp.vdot(jax.grad(energy)(a), x[1]))(x[0])
        _, back = jax.vjp(lambda a: jnp.tanh(a @ w), x[0])
        (rows,) = jax.vmap(back)(jnp.eye(3))
        (value, count), pull = jax.vjp(times, x[0], n)
        by_x, _ = pull((x[1], np.zeros((), jax.dtypes.float0)))
        return forward, reverse, rows, value, count, by_x


def EXAMPLES():
    x, v = jax.random.normal(jax.random.key(0), (2, 2, 3))
    return [
        {"module": Products(), "args": (x, v), "differentiates": True},
        {"module": Curvatures(), "args": (x, jnp.array(3)), "differentiates": True},
    ]
