"""map, filter, zip(*…), reduce, sorted and reversed over active values."""
# size: 6

from functools import partial, reduce

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Reduced(nn.Module):
    @nn.compact
    def __call__(self, pairs, named):
        left, right = zip(*pairs)
        products = list(map(lambda a, b: a * b, left, right))
        total = reduce(lambda a, b: a * b, products)
        vectors = list(filter(lambda a: a.ndim == 1, products))
        score = 0.0
        for name in sorted(named):
            score = 2 * score + named[name].sum()
        for name, value in sorted(named.items(), reverse=True):
            score = score * value.mean() + len(name)
        weighted = partial(lambda a, b: a - b * total, right[0])
        return left, total, vectors, score, weighted(left[1]), list(map(jnp.sin, reversed(products)))


def example():
    a, b, c, d = jax.random.normal(jax.random.key(1), (4, 2))
    return {"module": Reduced(), "args": ([(a, b), (c, d)], {"u": a, "v": d})}
