"""Dict comprehensions and dict methods on dicts of active values."""
# size: 5.5

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class MultiModal(nn.Module):
    width: int = 4

    @nn.compact
    def __call__(self, inputs):
        encoded = {name: nn.Dense(self.width, name=name)(x) for name, x in inputs.items()}
        active = {k: nn.relu(v) for k, v in encoded.items() if k != "audio"}
        norms = {name: (x**2).sum(-1) for name, x in active.items()}
        total = sum(x.mean() for x in active.values())
        return {**encoded, "norms": norms, "total": total, "names": len(norms)}


def example():
    x = jax.random.normal(jax.random.key(1), (3, 2, 3))
    return {"module": MultiModal(), "args": ({"image": x[0], "audio": x[1], "text": x[2]},), "heavy": True}
