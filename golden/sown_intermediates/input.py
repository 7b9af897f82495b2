"""`sow` into intermediates and losses, with tangents of what was sown."""
# size: 6.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class Mixture(nn.Module):
    """A small mixture of experts with a load-balancing loss."""

    experts: int = 2

    @nn.compact
    def __call__(self, x):
        gates = nn.softmax(nn.Dense(self.experts)(x))
        self.sow("intermediates", "gates", gates)
        self.sow("losses", "balance", jnp.sum(gates.mean(0) ** 2), init_fn=lambda: 0.0, reduce_fn=lambda a, b: a + b)
        outputs = jnp.stack([nn.Dense(2, name=f"expert_{i}")(x) for i in range(self.experts)], -1)
        return jnp.einsum("bde,be->bd", outputs, gates)


@jvpgen.derive
class Tracked(nn.Module):
    """Keeps a list of what was measured, which is a list of tangents too."""

    @nn.compact
    def __call__(self, x):
        for width in (3, 2):
            x = nn.tanh(nn.Dense(width)(x))
            self.sow("metrics", "norms", jnp.linalg.norm(x), reduce_fn=lambda xs, v: xs + [v], init_fn=list)
        return x


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (3, 2))
    return [
        {"module": Mixture(), "args": (x,), "mutable": ["intermediates", "losses"]},
        {"module": Mixture(), "args": (x,)},
        {"module": Tracked(), "args": (x,), "mutable": ["metrics"]},
    ]
