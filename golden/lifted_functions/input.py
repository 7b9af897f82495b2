"""`nn.scan` of a function, `nn.cond`, `nn.switch` and `nn.while_loop`: functions that get a module."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Layer(nn.Module):
    rate: float = 0.0

    @nn.compact
    def __call__(self, c, x):
        y = nn.Dense(3)(c + x)
        y = nn.Dropout(self.rate, deterministic=False)(y)
        n = self.variable("stats", "mean", jnp.zeros, (3,))
        if self.is_mutable_collection("stats"):
            n.value = 0.9 * n.value + 0.1 * y.mean(0)
        return jnp.tanh(y), y


@jvpgen.derive
class Functions(nn.Module):
    @nn.compact
    def __call__(self, c, xs):
        def body(mdl, c, x):
            return mdl(c, x)

        s = nn.scan(body, variable_broadcast="params", variable_carry="stats", split_rngs={"params": False})
        layer = Layer(name="q")
        if self.is_initializing():
            layer(c, xs[0])
        c, ys = s(layer, c, xs)
        r = Layer(name="r")
        if self.is_initializing():
            r(c, c)
        y3 = nn.cond(c.sum() > 0, lambda m, a: m(a, a)[0], lambda m, a: a, r, c)
        y4 = nn.switch(1, [lambda m, a: m(a, a)[1], lambda m, a: a * 2], r, c)
        m, n = nn.while_loop(
            lambda m, c: c[1] < 3, lambda m, c: (m(c[0], c[0])[0], c[1] + 1), r, (c, 0), carry_variables="stats"
        )
        return c, ys, y3, y4, m


def EXAMPLES():
    key = jax.random.key(0)
    normal = jax.random.normal
    return [
        {
            "module": Functions(),
            "args": (normal(key, (2, 3)), normal(key, (4, 2, 3))),
            "rngs": {"dropout": key},
            "mutable": ["stats"],
        },
    ]
