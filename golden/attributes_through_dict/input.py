"""Attributes that are stored through `self.__dict__` or `vars(self)` may be any: the method is no body."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Stored(nn.Module):
    def __call__(self, x):
        held = self.__dict__  # W: JVP302
        held["twice"] = x * 2
        return self.twice


@jvpgen.derive
class StoredInVars(nn.Module):
    def __call__(self, x):
        held = vars(self)  # W: JVP302
        held["twice"] = x * 2
        return self.twice


def example():
    x = jax.random.normal(jax.random.key(1), (3,))
    return [{"module": module, "args": (x,), "opaque": True} for module in (Stored(), StoredInVars())]
