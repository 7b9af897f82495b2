"""Methods called for their effect, and helpers that return None or a tuple by the case."""

import flax.linen as nn
import jax
import jvpgen


def statistics(x, kind):
    if kind == "none":
        return None
    if kind == "mean":
        return x.mean(), None
    return x.mean(), x.std()


@jvpgen.derive
class Logger(nn.Module):
    def record(self, store, name, value):
        """Keeps a running sum."""
        store[name] = store.get(name, 0.0) + value

    def log(self, x):
        self.sow("metrics", "x", x)

    @nn.compact
    def __call__(self, x):
        totals = {}
        for row in x:
            self.record(totals, "sum", row.sum())
        self.log(totals["sum"])
        assert statistics(x, "none") is None
        mean, spread = statistics(x, "mean")
        if spread is None:
            _, spread = statistics(x, "both")
        return totals, (x - mean) / spread


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Logger(), "args": (x,), "mutable": ["metrics"]}
