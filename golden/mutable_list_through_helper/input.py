"""A list that a helper appends to, an alias of it, and a dict that is stored into."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


def record(history, value):
    history.append(value)
    return len(history)


@jvpgen.derive
class DenseNet(nn.Module):
    """Each layer sees what all earlier ones gave."""

    growth: int = 2

    @nn.compact
    def __call__(self, x):
        features = [x]
        seen = features
        named = {}
        for i in range(2):
            joined = jnp.concatenate(features, axis=-1)
            y = nn.relu(nn.Dense(self.growth)(joined))
            count = record(seen, y)
            named[f"layer_{i}"] = y
        named["first"] = named.pop("layer_0") * count
        features.insert(0, features.pop() * 2)
        del features[1]
        return features, named, seen is features


def example():
    return {"module": DenseNet(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
