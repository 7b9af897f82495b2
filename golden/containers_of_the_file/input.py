"""An active value that is stored at the file's top level has no place for its tangent: `nn.jvp` sees to the whole."""

import flax.linen as nn
import jax
import jvpgen

CACHE = {}
SEEN = []


@jvpgen.derive
class Stored(nn.Module):
    @nn.compact
    def __call__(self, x):
        CACHE["last"] = x * 3  # W: JVP302
        return CACHE["last"] * x


@jvpgen.derive
class Appended(nn.Module):
    @nn.compact
    def __call__(self, x):
        SEEN.append(x * 2)  # W: JVP302
        return SEEN.pop() * x


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3,))
    return [{"module": module, "args": (x,), "opaque": True} for module in (Stored(), Appended())]
