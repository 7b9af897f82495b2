"""A loop over a dict of values runs over its keys: texts, which have no tangent."""
# size: 4

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Terms(nn.Module):
    @nn.compact
    def __call__(self, x, terms):
        if any(name.startswith("z") for name in terms):
            raise ValueError("unexpected")
        total = x
        for name in terms:
            if name.startswith("a") and name.upper() != "A":
                total = total + terms[name]
            first, _, rest = name.partition("_")
            total = total * len(rest)
        names = [name.split("_")[0] for name in terms]
        return total, {short: terms[name] * 2 for short, name in zip(names, terms) if not name.endswith("z")}


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Terms(), "args": (x, {"a_q": x, "b_qk": 2 * x})}
