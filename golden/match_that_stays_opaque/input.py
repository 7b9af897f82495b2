"""Patterns whose captures cannot be followed run under `nn.jvp`."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class KeepsCaptures(nn.Module):
    """`a` is what the first case has captured, though its guard fails."""

    @nn.compact
    def __call__(self, x):
        match (x, x * 2):
            case (a, b) if a.ndim > 5:  # W: JVP302
                y = b
            case (c, d):
                y = c * d + a
        return nn.Dense(2)(y)


@jvpgen.derive
class Alternatives(nn.Module):
    """`q` is one entry or another."""

    @nn.compact
    def __call__(self, x):
        match {"y": nn.Dense(2)(x)}:
            case {"x": q} | {"y": q}:  # W: JVP301
                return q * 2


X = jax.random.normal(jax.random.key(1), (2, 3))

EXAMPLES = [{"module": module, "args": (X,), "opaque": True} for module in (KeepsCaptures(), Alternatives())]
