"""Everything that `derive` must not stand on, reported at once."""

import flax.linen as nn
import jvpgen
from flax import nnx

OPTIONS = ("x",)


@jvpgen.derive  # E: JVP101
class Plain:
    pass


@jvpgen.derive  # E: JVP103
class Other(nnx.Module):
    pass


class Method(nn.Module):
    @jvpgen.derive  # E: JVP102
    def __call__(self, x):
        return x


@jvpgen.derive(arguments=OPTIONS)  # E: JVP105
class Computed(nn.Module):
    def __call__(self, x):
        return x


@jvpgen.derive(argument="x")  # E: JVP106
class Misspelt(nn.Module):
    def __call__(self, x):
        return x


def make():
    @jvpgen.derive  # E: JVP107
    class Local(nn.Module):
        def __call__(self, x):
            return x

    return Local
