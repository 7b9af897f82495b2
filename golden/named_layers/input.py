"""What a layer gives is called as the source calls the layer, and by its class where that says no more."""
# size: 6

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Heads(nn.Module):
    features: int = 3

    @nn.compact
    def __call__(self, x):
        query = nn.Dense(self.features, name="query")(x).reshape((-1, self.features))
        key = nn.Dense(self.features, name="key")(x).reshape((-1, self.features))
        y = nn.Dense(2, name="gate_dense")(x) * nn.Dense(2, name="up")(nn.Dense(3, name="down")(x))
        for i in range(2):
            y = y + nn.Dense(2, name=f"residual_{i}")(y)
        return query * key, y - nn.Dense(2, name="lambda")(x)


def example():
    return {"module": Heads(), "args": (jax.random.normal(jax.random.key(1), (4, 2)),)}
