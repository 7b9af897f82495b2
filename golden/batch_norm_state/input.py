"""BatchNorm updates its running statistics, whose tangents come back as well."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Normalised(nn.Module):
    momentum: float = 0.9

    @nn.compact
    def __call__(self, x, train: bool):
        norm = nn.BatchNorm(momentum=self.momentum)
        x = norm(x, use_running_average=not train)
        return nn.Dense(2)(nn.gelu(x))


def EXAMPLES():
    common = {"module": Normalised(), "args": (jax.random.normal(jax.random.key(1), (5, 3)),)}
    return [
        {**common, "kwargs": {"train": True}, "mutable": ["batch_stats"]},
        {**common, "kwargs": {"train": False}},
    ]
