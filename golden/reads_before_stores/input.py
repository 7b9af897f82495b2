"""A store whose value reads what it replaces: variables, items of lists and dicts, swaps."""
# size: 4

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Running(nn.Module):
    @nn.compact
    def __call__(self, x, y):
        moments = self.variable("stats", "moments", lambda: {"mean": jnp.zeros(3), "square": jnp.ones(3)})
        scale = self.variable("stats", "scale", lambda: jnp.ones(3))
        moments.value = {
            "mean": 0.9 * moments.value["mean"] + 0.1 * x,
            "square": moments.value["square"] * (x - moments.value["mean"]) ** 2,
        }
        scale.value = jnp.exp(scale.value) * scale.value
        pair = [x, y]
        pair[0], pair[1] = pair[1], pair[0] * y
        pair[0] = pair[0] * jnp.sin(pair[0])
        table = {"a": x, "b": y}
        table["a"], table["b"] = table["b"] * table["a"], table["a"] ** 2
        table["b"] **= 2
        return pair, table, scale.value * moments.value["square"]


def example():
    x, y = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Running(), "args": (x, y), "mutable": ["stats"]}
