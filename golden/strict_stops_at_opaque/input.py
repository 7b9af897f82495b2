# flags: --strict
"""Under `--strict` an opaque step is an error, and nothing is written."""

import flax.linen as nn
import jax.scipy.special
import jvpgen


@jvpgen.derive
class Rare(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jax.scipy.special.i0e(x)  # E: JVP401
