"""A subclass of `nn.Dense` that calls `super().__call__`."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class LoRADense(nn.Dense):
    rank: int = 2
    alpha: float = 4.0

    @nn.compact
    def __call__(self, inputs):
        down = self.param("lora_a", nn.initializers.normal(), (inputs.shape[-1], self.rank))
        up = self.param("lora_b", nn.initializers.zeros, (self.rank, self.features))
        return super().__call__(inputs) + inputs @ down @ up * (self.alpha / self.rank)


def example():
    return {"module": LoRADense(3), "args": (jax.random.normal(jax.random.key(1), (2, 4)),)}
