"""Attributes of modules, set in `setup`, that are called like attributes of arrays."""

import flax.linen as nn
import jax
import jvpgen


class Ellipsoid(nn.Module):
    def setup(self):
        self.size = self.param("size", nn.initializers.ones, (3,))
        self.shape = self.size**2

    def __call__(self, x):
        return x * self.size + self.shape

    @property
    def ndim(self):
        return self.size.sum()


@jvpgen.derive
class Scene(nn.Module):
    def setup(self):
        self.body = Ellipsoid()
        self.nbytes = self.param("nbytes", nn.initializers.ones, ())

    def __call__(self, x):
        y = self.body(x) * self.body.size + self.body.shape * self.body.ndim
        return y * self.nbytes / x.size


def example():
    return {"module": Scene(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
