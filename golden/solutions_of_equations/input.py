# size: 5
"""`lax.custom_root`, `lax.custom_linear_solve` and JAX's iterative solvers, of equations that move."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax
from jax.scipy.sparse.linalg import bicgstab, cg


def iterated(f, x):
    return lax.fori_loop(0, 40, lambda i, z: jax.tree.map(lambda a, b: a - b, z, f(z)), x)


def counted(f, x):
    return iterated(f, x), jnp.array(40.0)


def solved(g, y):
    return jnp.linalg.solve(jax.jacobian(g)(y), y)


@jvpgen.derive
class Equilibrium(nn.Module):
    """A deep equilibrium: the state that its layer maps to itself."""

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(0.1), (3, 3))

        def residual(z):
            return z - jnp.tanh(0.3 * z @ w + x)

        state = lax.custom_root(residual, jnp.zeros(3), iterated, solved)
        other, steps = lax.custom_root(lambda z: z - 0.5 * jnp.cos(z), x, counted, solved, has_aux=True)
        return state @ w, other, steps


@jvpgen.derive
class Linear(nn.Module):
    @nn.compact
    def __call__(self, b):
        a = self.param("a", nn.initializers.normal(1.0), (3, 3))
        a = a @ a.T + 3 * jnp.eye(3)
        direct = lax.custom_linear_solve(lambda v: a @ v, b, lambda f, v: cg(f, v)[0])
        by_function, _ = cg(lambda v: a @ v + 0.1 * v, b)
        by_matrix, _ = bicgstab(a, b)
        rows = jax.vmap(lambda row: cg(a, row)[0])(a + b)
        return direct, by_function, by_matrix, rows


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (3,))
    return [
        {"module": Equilibrium(), "args": (x,), "compiled": True, "differentiates": True},
        {"module": Linear(), "args": (x,), "compiled": True, "tolerance": 1e-3},
    ]
