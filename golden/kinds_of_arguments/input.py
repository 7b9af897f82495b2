"""A list, a tuple, a dict or an array: told apart by `isinstance` and `hasattr`."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Flexible(nn.Module):
    @nn.compact
    def __call__(self, inputs):
        many = isinstance(inputs, (tuple, list))
        outputs = []
        for x in inputs if many else [inputs]:
            if isinstance(x, dict):
                outputs.append({name: nn.Dense(2, name=name)(value) for name, value in x.items()})
            elif hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jnp.floating):
                outputs.append(3 * x)
            else:
                outputs.append(x)
        return outputs if many else outputs[0]


def EXAMPLES():
    a, b = jax.random.normal(jax.random.key(1), (2, 2))
    return [
        {"module": Flexible(), "args": ((a, {"b": b}, jnp.arange(2), None),)},
        {"module": Flexible(), "args": (a,)},
    ]
