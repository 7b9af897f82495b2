"""Two derivatives that would bear one name."""

import flax.linen as nn
import jvpgen


@jvpgen.derive
class Layer(nn.Module):
    def __call__(self, x):
        return x


@jvpgen.derive(name="Layer_jvp")  # E: JVP104
class Other(nn.Module):
    def __call__(self, x):
        return 2 * x
