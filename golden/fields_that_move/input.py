"""Fields that are given what moves: of a type of arrays, or calculated with; in setup, methods and properties."""
# size: 4

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Scale(nn.Module):
    s: Any

    def doubled(self):
        return self.s * 2

    def size(self):
        return self.s.shape[-1]

    @property
    def half(self):
        return self.s / 2

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.size())(x) * self.doubled() + self.half


class Twice(Scale):
    @nn.compact
    def __call__(self, x):
        return super().__call__(x) * self.s


class Typed(nn.Module):
    w: jax.Array
    mask: jax.Array | None = None

    def setup(self):
        self.sine = jnp.sin(self.w)
        self.inner = Scale(self.sine)

    def __call__(self, x):
        y = jax.vmap(lambda v: v * self.w)(x)
        y = jax.lax.fori_loop(0, 2, lambda i, c: jnp.sin(c * self.w), y)
        if self.mask is not None:
            y = y * self.mask
        return self.inner(y) * self.sine


@jvpgen.derive
class Moving(nn.Module):
    @nn.compact
    def __call__(self, x):
        s = self.param("s", nn.initializers.normal(1.0), (3,))
        scale = Scale(s * x.mean())
        x = scale(x) + scale(x + 1)
        x = Twice(s)(x) + Typed(s, mask=x)(x)
        return Typed(jnp.ones(3))(x)


X = jnp.arange(6.0).reshape(2, 3) / 5 + 0.1

EXAMPLES = [{"module": Moving(), "args": (X,)}]
