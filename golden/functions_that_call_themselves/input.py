"""Nested functions that call themselves or each other, with what moves around them and without."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp

import jvpgen


@jvpgen.derive
class Recursive(nn.Module):
    depth: int = 3

    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(), (3,))

        def plain(value):
            if isinstance(value, list):
                value = [plain(v) for v in value]
            return value

        def nest(value, depth):
            if depth == 0:
                return value
            return jnp.sin(nest(value * 2, depth - 1))

        def around(depth):
            if depth == 0:
                return w
            inner = around(depth - 1)
            return jnp.tanh(inner) + 1

        def count(depth):
            total = 0
            for _ in range(depth):
                total = total + count(depth - 1)
            return total + 1

        def even(value, depth):
            return value if depth == 0 else odd(value, depth - 1) * w

        def odd(value, depth):
            return jnp.cos(even(value, depth - 1))

        y = nest(x, self.depth) * around(2) * len(plain([1, [2]])) + count(2)
        return y + plain([x, [x * 2]])[1][0] + even(y, 2)


EXAMPLES = [{"module": Recursive(), "args": (jax.random.normal(jax.random.key(0), (2, 3)),)}]
