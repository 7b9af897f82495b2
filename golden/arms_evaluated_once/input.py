"""Effects inside of a ternary, `and`, `or` and chained comparison happen only where Python evaluates them."""
# size: 5.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Gated(nn.Module):
    gated: bool = True
    extra: bool = False

    @nn.compact
    def __call__(self, x):
        y = nn.Dense(2)(x) * (nn.sigmoid(nn.Dense(2)(x)) if self.gated else 1.0) + nn.Dense(1)(x)
        z = (self.extra and nn.Dense(2)(y)) or nn.Dense(2, use_bias=False)(y)
        noise = jax.random.normal(self.make_rng("noise")) if self.extra else jnp.zeros(())
        w = self.param("w", nn.initializers.ones, ()) if 0 < x.ndim < 3 and not self.extra else 2.0
        return y + z * w, noise * jax.random.normal(self.make_rng("noise"), (2,)) * w


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3,))
    rngs = {"noise": jax.random.key(2)}
    return [
        {"module": Gated(), "args": (x,), "heavy": True, "rngs": rngs},
        {"module": Gated(gated=False), "args": (x,), "heavy": True, "rngs": rngs},
    ]
