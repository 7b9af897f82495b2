# size: 5
"""`jax.jacfwd`, `jacrev` and `hessian` inside a module: Jacobians of a learned flow, with their tangents."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def flow(params, x):
    return {"shifted": jnp.tanh(x @ params["w"]) + params["b"], "scaled": jnp.sum(x) * params["b"]}


@jvpgen.derive
class Jacobians(nn.Module):
    @nn.compact
    def __call__(self, x):
        params = {
            "w": self.param("w", nn.initializers.normal(1.0), (3, 3)),
            "b": self.param("b", nn.initializers.ones, ()),
        }
        by_both = jax.jacrev(flow, argnums=(0, 1))(params, x[0])
        by_x, aux = jax.jacfwd(lambda a: (jnp.sin(a * params["b"]), {"a": a, "b": params["b"]}), has_aux=True)(x[0])
        divergence = jax.vmap(lambda row: jnp.trace(jax.jacfwd(flow, argnums=1)(params, row)["shifted"]))(x)
        return by_both, by_x, aux, divergence


@jvpgen.derive
class Curvature(nn.Module):
    """A Laplacian, and directions of Newton's method in a loop."""

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))

        def energy(a):
            return jnp.sum(jnp.tanh(a @ w) ** 2) + jnp.sum(a**2)

        def newton(a, _):
            return a - 0.1 * jnp.linalg.solve(jax.hessian(energy)(a), jax.grad(energy)(a)), energy(a)

        laplacian = jax.vmap(lambda row: jnp.trace(jax.hessian(energy)(row)))(x)
        return laplacian, jax.lax.scan(newton, x[0], None, length=2)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (2, 3))
    return [
        {"module": Jacobians(), "args": (x,), "differentiates": True},
        {"module": Curvature(), "args": (x,), "differentiates": True, "compiled": True},
    ]
