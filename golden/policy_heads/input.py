"""An actor with several action heads in a dict, optional masks, and a squashed Gaussian."""
# size: 3.5

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
import numpy as np


@jvpgen.derive
class Policy(nn.Module):
    actions: Sequence[int] = (2, 3)

    @nn.compact
    def __call__(self, observation, masks=None):
        init = nn.initializers.orthogonal(np.sqrt(2))
        hidden = nn.tanh(nn.Dense(4, kernel_init=init)(observation))
        heads = {}
        for i, count in enumerate(self.actions):
            logits = nn.Dense(count, name=f"head_{i}")(hidden)
            if masks is not None:
                logits = jnp.where(masks[i], logits, -1e8)
            heads[i] = nn.log_softmax(logits)
        entropy = -sum((jnp.exp(logp) * logp).sum(-1) for logp in heads.values())
        mean, log_std = jnp.split(nn.Dense(2)(hidden), 2, axis=-1)
        std = jnp.exp(jnp.clip(log_std, -5, 2))
        action = mean + std * jax.random.normal(self.make_rng("action"), mean.shape)
        return heads, entropy, jnp.tanh(action), jnp.squeeze(nn.Dense(1)(hidden), -1)


def example():
    observation = jax.random.normal(jax.random.key(1), (2, 3))
    masks = [jnp.array([True, False]), jnp.array([True, True, False])]
    return {
        "module": Policy(),
        "args": (observation, masks),
        "rngs": {"action": jax.random.key(3)},
        "heavy": True,
    }
