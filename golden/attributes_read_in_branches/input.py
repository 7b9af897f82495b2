# size: 4
"""Functions inside of methods read attributes of the module that they are given, which `setup` has made to move."""

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


class Scale(nn.Module):
    w: float = 2.0

    def __call__(self, x):
        return x * self.w


@jvpgen.derive
class Branches(nn.Module):
    def setup(self):
        self.w = self.param("w", nn.initializers.normal(1.0), (3,))
        self.b = jnp.sin(self.w)

    def __call__(self, x):
        def steps(m, carry):
            count, t = carry
            return count + 1, t * m.w

        x = nn.cond(jnp.sum(x) > 0, lambda m, t: t * m.w, lambda m, t: t + m.b, self, x)
        x = nn.switch(1, [lambda m, t: t, lambda m, t: t - 2 * m.b], self, x)
        _, x = nn.while_loop(lambda m, carry: carry[0] < 2, steps, self, (0, x))
        return x


@jvpgen.derive
class Names(nn.Module):
    """Attributes that move, and others of the same names: of a function's module, and of a part."""

    def setup(self):
        self.w = self.param("w", nn.initializers.normal(1.0), (3,))
        self.norm = self.w**2
        self.scale = Scale(3.0)

    def __call__(self, x):
        return self.scale(x) * self.scale.w / jnp.linalg.norm(x) + x


def EXAMPLES():
    x = jnp.array([[1.0, 2.0, 3.0], [-0.5, 0.2, 0.1]])
    return [{"module": Branches(), "args": (x,)}, {"module": Branches(), "args": (-x,)}, {"module": Names(), "args": (x,)}]
