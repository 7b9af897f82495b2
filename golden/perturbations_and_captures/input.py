"""`perturb`, and several values sown under one name."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Probed(nn.Module):
    @nn.compact
    def __call__(self, x):
        hidden = self.perturb("hidden", nn.Dense(2)(x))
        for scale in (1.0, 2.0):
            self.sow("intermediates", "scaled", scale * hidden)
        return nn.tanh(hidden)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3,))
    return [{"module": Probed(), "args": (x,)}, {"module": Probed(), "args": (x,), "mutable": ["intermediates"]}]
