"""`+` of lists and tuples joins them, `*` repeats them, and so it does to their tangents."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Joined(nn.Module):
    @nn.compact
    def __call__(self, x, y, count=2):
        pair = (1.0,) + (x, y)
        product = pair[1] * pair[2] * pair[0]
        values = [x] * count
        values = [0.0] + values + [y]
        values += [2.0]
        repeated = 2 * (x, y)
        total = sum([*values, 1.0] + [3.0])
        flat = x.reshape((1,) + x.shape)
        return product, values, repeated, total, flat, (x,) + (1.0,)


def example():
    keys = jax.random.split(jax.random.key(1))
    return {"module": Joined(), "args": tuple(jax.random.normal(key, (3,)) for key in keys)}
