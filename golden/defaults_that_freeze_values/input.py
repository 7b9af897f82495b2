"""A default is evaluated once, where its function is made, and keeps the value and the tangent of that moment."""
# size: 5.5

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


@jvpgen.derive
class Mapped(nn.Module):
    """Frozen values go through a transform of JAX too."""

    @nn.compact
    def __call__(self, x, scale):
        f = lambda v, s=scale: v * s
        return jax.vmap(f)(x)


def EXAMPLES():
    x, *scales = jax.random.normal(jax.random.key(1), (3, 3))
    frozen = {"module": Frozen(), "args": (x, scales), "heavy": True}
    return [frozen, {"module": Mapped(), "args": (x, scales[0][0]), "opaque": True}]
