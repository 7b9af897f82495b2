"""Nested functions that append to a list and store into a dict of the method around them."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class FeatureExtractor(nn.Module):
    @nn.compact
    def __call__(self, x):
        features, named = [], {}

        def keep(value, name=None):
            features.append(value)
            if name is not None:
                named[name] = 2 * value
            return value

        hidden = keep(nn.Dense(3)(x), "first")
        hidden = keep(nn.relu(hidden))
        steps = {"keep": keep, "square": lambda value: value * value}
        hidden = steps["square"](hidden) + steps["keep"](x, name="input")
        return hidden, features, named


def example():
    return {"module": FeatureExtractor(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
