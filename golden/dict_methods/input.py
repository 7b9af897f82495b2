"""Methods of dicts: update, setdefault, get, pop, union, and aliases of a nested one."""
# size: 3

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Metrics(nn.Module):
    @nn.compact
    def __call__(self, batch, weight):
        metrics = dict(batch, weight=weight)
        metrics.update({"loss": batch["x"] * weight})
        metrics.setdefault("bias", nn.Dense(2)(weight))
        first = metrics.setdefault("x", weight)
        missing, present = metrics.get("missing"), metrics.get("y", first)
        groups = {"a": {"b": [first, present]}}
        inner = groups["a"]["b"]
        inner[0] = inner[1] * metrics.pop("loss")
        groups["a"]["b"][1] *= inner[0]
        merged = metrics | {"weight": 2 * weight}
        return metrics, missing, groups, merged, "loss" in metrics


def example():
    x, y, weight = jax.random.normal(jax.random.key(1), (3, 2))
    return {"module": Metrics(), "args": ({"x": x, "y": y}, weight)}
