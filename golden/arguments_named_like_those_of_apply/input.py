"""Arguments of a user's own called `module`, `variables`, `rngs`, `mutable`, …, and one called like its function."""
# size: 6

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Applied(nn.Module):
    @nn.compact
    def __call__(self, module, variables, variable_tangents, *, rngs, mutable=1.0, only=None, train=False):
        hidden = nn.Dense(2)(module * variables) + variable_tangents
        return hidden * rngs * mutable * (2.0 if train else only)

    @nn.compact
    def encode(self, primals, /, tangents, *rest, method, **keywords):
        total = nn.Dense(2)(primals * tangents) + sum(rest)
        for value in keywords.values():
            total = total * value
        return total * method


@jvpgen.derive
class Captured(nn.Module):
    @nn.compact
    def __call__(self, x, module_, *, module=None, capture_intermediates=None, **variables):
        bias = variables["bias"] if "bias" in variables else 0.0
        return nn.Dense(2)(x) * module_ * module + capture_intermediates + bias


@jvpgen.derive
def scale(x, scale, *, keywords, **rest):
    for value in rest.values():
        x = x * value
    return jnp.sin(x) * scale * keywords


def EXAMPLES():
    a, b, c, d = jax.random.normal(jax.random.key(1), (4, 2))
    return [
        {"module": Applied(), "args": (a, b, c), "kwargs": {"rngs": d, "only": 0.5}},
        {"module": Applied(), "args": (a, b, c), "kwargs": {"rngs": d, "mutable": c, "train": True}, "heavy": True},
        {"module": Applied(), "args": (a, b, c), "kwargs": {"method": d, "rngs_": b}, "method": "encode"},
        {"module": Captured(), "args": (a, b), "kwargs": {"module": c, "capture_intermediates": d}},
        {"module": Captured(), "args": (a, b), "kwargs": {"module": c, "capture_intermediates": 1.0, "bias": d}},
        {"function": scale, "args": (a, b), "kwargs": {"keywords": c, "tangents": d}},
    ]
