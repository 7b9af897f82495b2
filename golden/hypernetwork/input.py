"""A network whose weights are another's output: reshaped, split by sizes, unpacked from a dict."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
import numpy as np


def unflatten(flat, shapes):
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    chunks = jnp.split(flat, np.cumsum(sizes)[:-1])
    return {name: chunk.reshape(shape) for (name, shape), chunk in zip(shapes.items(), chunks)}


def target(weights, x):
    return jnp.sin(x @ weights["w1"]) @ weights["w2"] + weights["b"]


@jvpgen.derive
class HyperNetwork(nn.Module):
    @nn.compact
    def __call__(self, task, x):
        shapes = {"w1": (2, 3), "w2": (3, 1), "b": (1,)}
        count = sum(int(np.prod(shape)) for shape in shapes.values())
        weights = unflatten(nn.Dense(count)(task), shapes)
        return target(weights, x)


def example():
    task, *x = jax.random.normal(jax.random.key(1), (3, 2))
    return {"module": HyperNetwork(), "args": (task, jnp.stack(x))}
