"""Properties, static and class methods of modules: computed by bodies of their own, for submodules and subclasses too."""

import flax.linen as nn
import jax
import jvpgen


class Encoder(nn.Module):
    def setup(self):
        self.w = self.param("w", nn.initializers.ones, (3,))

    def __call__(self, x):
        return x * self.w

    @property
    def gain(self):
        return (self.w**2).sum()

    @property
    def width(self):
        return self.w.shape[0]


class Base(nn.Module):
    n: int = 2

    def setup(self):
        self.encoder = Encoder()
        self.w = self.param("w", nn.initializers.ones, (3,))

    @property
    def scaled(self):
        return self.w * self.n

    @staticmethod
    def product(x, y):
        return x * y

    @classmethod
    def square(cls, x):
        return cls.product(x, x) / 2

    def __call__(self, x):
        y = self.scaled * self.product(x, self.w) + self.square(x)
        return y + self.encoder.gain * self.encoder(x) / self.encoder.width


@jvpgen.derive
class Derived(Base):
    @property
    def scaled(self):
        return super().product(self.w, self.w) + self.encoder.gain

    def __call__(self, x):
        return super().__call__(x) + Base.product(x, 3) * self.scaled


def example():
    return {"module": Derived(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
