# size: 5
"""`nn.cond`, `nn.switch` and `nn.while_loop` clone their module: values that move in its fields move in the clone."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Scaled(nn.Module):
    scale: jax.Array

    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x) * self.scale


@jvpgen.derive
class Program(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        scaled = Scaled(jnp.sin(y))
        x = scaled(x)
        chosen = nn.cond(x.sum() > 0, lambda m, a: m(a), lambda m, a: m(a) * y, scaled, x)
        layers = nn.Sequential([Scaled(jnp.cos(y)), jnp.tanh])
        x = layers(x)
        switched = nn.switch(jnp.argmax(y), [lambda m, a: m(a), lambda m, a: a * 2, lambda m, a: m(m(a))], layers, x)
        looped, _ = nn.while_loop(
            lambda m, c: c[1] < 2,
            lambda m, c: (m(c[0]), c[1] + 1),
            scaled,
            (x, 0),
            broadcast_variables="params",
        )
        return chosen, switched, looped


def example():
    x, y = jax.random.normal(jax.random.key(0), (2, 3)), jax.random.normal(jax.random.key(1), (3,))
    return {"module": Program(), "args": (x, y), "compiled": True, "opaque": True}
