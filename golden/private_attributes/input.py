"""`self.__private` is mangled with the name of the class that says it."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Guarded(nn.Module):
    def setup(self):
        self.__inner = nn.Dense(3)
        self._shift = self.param("shift", nn.initializers.ones, (3,))

    def __scaled(self, x):
        return 2 * x

    def __call__(self, x):
        return self.__scaled(self.__inner(x)) + self._shift


def example():
    return {"module": Guarded(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
