"""Methods with statements outside of the language run under `nn.jvp`; the others are written out."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Remembering(nn.Module):
    kind: str = "double"

    def scaled(self, x):
        global LAST  # W: JVP301
        LAST = self.kind
        return 2 * x

    @nn.compact
    def __call__(self, x):
        return self.scaled(nn.Dense(2)(x))


@jvpgen.derive
class Asynchronous(nn.Module):
    @nn.compact
    def __call__(self, x):
        async def later():  # W: JVP301
            return x

        return nn.Dense(2)(x)


def example():
    return {"module": Remembering(), "args": (jax.random.normal(jax.random.key(1), (3,)),), "opaque": True}
