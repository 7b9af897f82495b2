"""A `flax.struct` dataclass with a static field; `replace` and attribute reads."""
# size: 3.5

import flax
import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@flax.struct.dataclass
class Output:
    logits: jax.Array
    features: jax.Array | None = None
    name: str = flax.struct.field(pytree_node=False, default="output")


@jvpgen.derive
class Classifier(nn.Module):
    @nn.compact
    def __call__(self, x, with_features=False):
        hidden = nn.tanh(nn.Dense(3)(x))
        output = Output(nn.Dense(2)(hidden), name="head")
        if with_features:
            output = output.replace(features=hidden)
        if output.features is not None:
            output = output.replace(logits=output.logits + output.features.sum())
        return output, jnp.max(output.logits, -1)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return [{"module": Classifier(), "args": (x,)}, {"module": Classifier(), "args": (x, True)}]
