"""Functions made in a loop: one that binds late, one that binds by a default."""
# size: 5.5

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Bank(nn.Module):
    @nn.compact
    def __call__(self, x):
        filters = []
        for i in range(2):
            weight = self.param(f"weight_{i}", nn.initializers.ones, (3,))
            filters.append(lambda y: y * weight)
        powers = [lambda y, n=n: y**n * weight for n in (2, 3)]
        return [f(x) for f in filters], sum(power(x) for power in powers)


def example():
    return {"module": Bank(), "args": (jax.random.normal(jax.random.key(1), (3,)),)}
