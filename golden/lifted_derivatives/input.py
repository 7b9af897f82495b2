# size: 4.5
"""`nn.jvp`, `nn.vjp`, `nn.grad` and `nn.value_and_grad` inside a module: variables, state and random draws."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Noisy(nn.Module):
    @nn.compact
    def __call__(self, x, train=True):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(3)(x))
        return nn.Dropout(0.5, deterministic=not train)(jnp.tanh(x))


@jvpgen.derive
class Pulled(nn.Module):
    """The pullback of a layer that updates statistics and draws a mask, over parameters and statistics."""

    @nn.compact
    def __call__(self, x, v):
        layer = Noisy()
        s = self.param("s", nn.initializers.ones, ())
        y, pull, aux = nn.vjp(
            lambda m, a: (m(a) * s, a * s), layer, x, has_aux=True, vjp_variables=["params", "batch_stats"]
        )
        by_variables, by_x = pull(v * s)
        return y, by_variables, by_x, aux, nn.Dropout(0.3, deterministic=False)(y)


@jvpgen.derive
class Pushed(nn.Module):
    """Along parameters that move, and along none."""

    @nn.compact
    def __call__(self, x, v):
        layer = nn.Dense(3)
        layer(x)
        along = jax.tree.map(lambda p: 2 * p + jnp.sum(v).astype(p.dtype), layer.variables["params"])
        both = nn.jvp(lambda m, a: jnp.tanh(m(a)), layer, (x,), (v,), {"params": along})
        norm = nn.BatchNorm(use_running_average=False)
        return both, nn.jvp(lambda m, a: m(a), norm, (x,), (v,), {})


@jvpgen.derive
class Forces(nn.Module):
    def setup(self):
        self.net = Noisy()
        self.w = self.param("w", nn.initializers.normal(1.0), (3,))

    def energy(self, x):
        return jnp.sum(self.net(x, train=False) * self.w)

    def __call__(self, x):
        value, (force,) = nn.value_and_grad(Forces.energy, self, x)
        (slope,), scaled = nn.grad(lambda m, a: (m.energy(a) ** 2, a * m.w), self, x, has_aux=True)
        return value, force, slope, scaled


def EXAMPLES():
    x, v = jax.random.normal(jax.random.key(0), (2, 4, 3))
    noise = {"dropout": jax.random.key(5)}
    return [
        {"module": Pulled(), "args": (x, v), "rngs": noise, "mutable": ["batch_stats"], "differentiates": True},
        {"module": Pushed(), "args": (x, v), "mutable": ["batch_stats"], "differentiates": True},
        {"module": Forces(), "args": (x,), "rngs": noise, "differentiates": True},
    ]
