"""A file that is not Python."""

import flax.linen as nn
import jvpgen


@jvpgen.derive
class Broken(nn.Module):
    @nn.compact
    def __call__(self, x:  # E: JVP901
        return x
