"""A default is evaluated once, where its function is made, and keeps the value and the tangent of that moment."""
# size: 5

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Frozen(nn.Module):
    @nn.compact
    def __call__(self, x, scales):
        filters = [lambda v, s=s: v * s for s in scales]

        def shifted(a, b=x, *, c=nn.Dense(3)(x), k=2.0):
            return a * b + c * k

        x = x * 3
        return [f(x) for f in filters], [f(x, s=x) for f in filters], shifted(x), shifted(2.0), shifted(x, x, k=x)


def example():
    x, *scales = jax.random.normal(jax.random.key(1), (3, 3))
    return {"module": Frozen(), "args": (x, scales), "heavy": True}
