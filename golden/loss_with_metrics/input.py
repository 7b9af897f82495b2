"""A loss module around a model given as a field; label smoothing, weights, metrics in a dict."""
# size: 3.5

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class SmoothedLoss(nn.Module):
    model: nn.Module
    smoothing: float = 0.1

    def __call__(self, x, labels, weights=None):
        logits = self.model(x)
        classes = logits.shape[-1]
        targets = jax.nn.one_hot(labels, classes) * (1 - self.smoothing) + self.smoothing / classes
        log_probs = nn.log_softmax(logits)
        losses = -jnp.sum(targets * log_probs, axis=-1)
        picked = jnp.take_along_axis(log_probs, labels[:, None], axis=-1)[:, 0]
        weights = jnp.ones_like(losses) if weights is None else weights
        accuracy = jnp.mean(jnp.argmax(logits, -1) == labels)
        metrics = {"accuracy": accuracy, "nll": -picked.mean(), "weight": weights.sum()}
        return (losses * weights).sum() / weights.sum(), metrics


def EXAMPLES():
    x, weights = jax.random.normal(jax.random.key(1), (2, 3)), jnp.array([0.5, 2.0])
    labels = jnp.array([0, 2])
    return [
        {"module": SmoothedLoss(nn.Dense(3)), "args": (x, labels)},
        {"module": SmoothedLoss(nn.Dense(3)), "args": (x, labels, weights), "heavy": True},
    ]
