"""A function that reads the variable of a comprehension later sees its last value, unless a default froze it."""
# size: 7

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Kept(nn.Module):
    @nn.compact
    def __call__(self, x, scales):
        late = [lambda v: v * scale for scale in scales]
        outer = [list(map(lambda v: v * item, scales)) for item in [x, x * 2]]
        return [f(x) for f in late], outer


@jvpgen.derive
class KeptTwice(nn.Module):
    @nn.compact
    def __call__(self, x, scales):
        first = [lambda v: v * scale for scale in scales]  # W: JVP302
        second = [lambda v: v + scale for scale in scales]
        return [f(x) for f in (*first, *second)]


def EXAMPLES():
    x, *scales = jax.random.normal(jax.random.key(1), (3, 3))
    return [{"module": Kept(), "args": (x, scales)}, {"module": KeptTwice(), "args": (x, scales), "opaque": True}]
