"""`setup` that calls methods which store modules and parameters, and `super().setup()`."""
# size: 3.5

import flax.linen as nn
import jax
import jvpgen


class Base(nn.Module):
    width: int = 2

    def setup(self):
        self.build()

    def build(self):
        self.dense = nn.Dense(self.width)

    def features(self, x):
        return self.dense(x)

    def __call__(self, x):
        return 2 * self.features(x)


@jvpgen.derive
class Extended(Base):
    def setup(self):
        super().setup()
        self.extra = [nn.Dense(2), {"deep": nn.Dense(2)}]
        self.gains = tuple(self.param(f"gain_{i}", nn.initializers.ones, ()) for i in range(2))
        self.info = {"weight": self.gains[0] ** 2, "count": 3}

    def features(self, x):
        return Base.features(self, x) + super().features(x)

    def __call__(self, x):
        y = self.extra[0](super().__call__(x)) * self.gains[1]
        return self.extra[1]["deep"](y) * self.info["weight"] * self.info["count"]


def example():
    return {"module": Extended(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
