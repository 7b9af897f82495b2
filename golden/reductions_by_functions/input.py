# size: 5
"""`lax.reduce` and `lax.reduce_window`: by JAX's own functions, by lambdas and nested functions, of several arrays."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@jvpgen.derive
class Known(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = x * self.param("s", nn.initializers.ones, ())
        total = lax.reduce(x, 0.0, lax.add, (1,))
        best = lax.reduce(x, -jnp.inf, lax.max, (0,))
        worst = lax.reduce(x, jnp.inf, lax.min, (0, 1))
        product = lax.reduce(x, 1.0, lax.mul, (1,))
        sums = lax.reduce_window(x, 0.0, lax.add, (1, 2), (1, 1), "VALID")
        positive = lax.reduce_window(x, 0.0, lax.max, (2, 2), (1, 1), "SAME")
        products = lax.reduce_window(x, 1.0, lax.mul, (1, 2), (1, 1), "VALID")
        return total, best, worst, product, sums, positive, products


@jvpgen.derive
class Own(nn.Module):
    """Ties share as under `jax.jvp`."""

    @nn.compact
    def __call__(self, x):
        x = x * self.param("s", nn.initializers.ones, ())

        def moments(a, b):
            return {"sum": a["sum"] + b["sum"], "product": a["product"] * b["product"]}

        best = lax.reduce(jnp.round(x), -jnp.inf, lambda a, b: jnp.maximum(a, b), (0,))
        both = lax.reduce({"sum": x, "product": x}, {"sum": 0.0, "product": 1.0}, moments, (1,))
        windows = lax.reduce_window(x, -jnp.inf, jnp.maximum, (2, 2), (1, 1), "SAME")
        pairs = lax.reduce_window((x, x), (0.0, 1.0), lambda a, b: (a[0] + b[0], a[1] * b[1]), (1, 2), (1, 2), "VALID")
        return best, both, windows, pairs


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (4, 4))
    return [{"module": Known(), "args": (x,)}, {"module": Own(), "args": (x,)}]
