"""`jax.jacfwd`, `jax.jacrev` and `jax.hessian` inside a module: over parameters, over a network, under `vmap`."""
# size: 6

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Jacobians(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3,))

        def wave(v, u):
            return {"sin": jnp.sin(v * w) * u, "last": (v[0] * u) ** 2}

        forward = jax.jacfwd(wave, argnums=(0, 1))(x[0], x[1])
        backward = jax.jacrev(wave)(x[0], u=x[1])
        second = jax.hessian(lambda v: jnp.sum(jnp.sin(v * w) ** 2))(x[0])
        mixed = jax.jacfwd(jax.grad(lambda v, u: jnp.sum(wave(v, u)["sin"])), argnums=1)(x[0], x[1])
        return forward, backward, second, mixed


class Field(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(nn.tanh(nn.Dense(4)(x)))[0]


@jvpgen.derive
class Residual(nn.Module):
    """A Laplacian, as in networks that solve equations."""

    def setup(self):
        self.field = Field()

    def __call__(self, x):
        values = jax.vmap(lambda v: self.field(v))(x)
        variables = self.field.variables
        hessians = jax.vmap(jax.hessian(lambda v: Field(parent=None).apply(variables, v)))(x)
        return jnp.trace(hessians, axis1=1, axis2=2) + values


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1

EXAMPLES = [{"module": module, "args": (X,)} for module in (Jacobians(), Residual())]
