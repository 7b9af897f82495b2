"""Trains a CNN without a backward pass: a random direction times the slope along it.

For a direction d with independent standard normal entries, the mean of (∇loss · d) d is
∇loss. The slope ∇loss · d is one forward-mode derivative, so nothing is kept for a
backward pass. Each step takes the mean over a few directions, in one call under `vmap`.

    python -m examples.scripts.forward_gradient
"""

from functools import partial

import jax
import jax.numpy as jnp
import optax

from examples.models.cnn import CNN
from examples.models.cnn_jvp import CNN_jvp, cross_entropy_jvp

STEPS, DIRECTIONS = 100, 16

model = CNN(classes=4, features=(4, 4), dropout_rate=0.0)
optimizer = optax.sgd(0.01, momentum=0.9)


def batch(key, size=64):
    """Noisy 8×8 images with one bright quarter; the label says which."""
    noise_key, label_key = jax.random.split(key)
    labels = jax.random.randint(label_key, (size,), 0, 4)
    quarters = jax.nn.one_hot(labels, 4).reshape(size, 2, 2, 1)
    bright = jnp.repeat(jnp.repeat(quarters, 4, axis=1), 4, axis=2)
    return bright + 0.5 * jax.random.normal(noise_key, (size, 8, 8, 1)), labels


def random_direction(key, params):
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    normal = [
        jax.random.normal(k, p.shape, p.dtype)
        for k, p in zip(keys, leaves, strict=True)
    ]
    return structure.unflatten(normal)


def loss_and_slope(params, batch_stats, images, labels, direction):
    """The loss, its slope along a direction, and the updated running statistics."""
    logits, logits_dot, updates = CNN_jvp(
        model,
        {"params": params, "batch_stats": batch_stats},
        images,
        train=True,
        variable_tangents={"params": direction},
        mutable=["batch_stats"],
    )
    loss, slope = cross_entropy_jvp(logits, labels, logits_dot=logits_dot)
    return loss, slope, updates["batch_stats"]


@jax.jit
def step(params, batch_stats, state, key):
    batch_key, direction_key = jax.random.split(key)
    images, labels = batch(batch_key)
    directions = jax.vmap(partial(random_direction, params=params))(
        jax.random.split(direction_key, DIRECTIONS)
    )
    # The loss does not depend on the direction, so it is computed once for all of them.
    loss, slopes, batch_stats = jax.vmap(
        partial(loss_and_slope, params, batch_stats, images, labels),
        out_axes=(None, 0, None),
    )(directions)
    estimate = jax.tree.map(
        lambda d: jnp.tensordot(slopes, d, 1) / DIRECTIONS, directions
    )
    updates, state = optimizer.update(estimate, state)
    return optax.apply_updates(params, updates), batch_stats, state, loss


def main():
    variables = jax.jit(model.init)(jax.random.key(0), batch(jax.random.key(0))[0])
    params, batch_stats = variables["params"], variables["batch_stats"]
    state = optimizer.init(params)
    print("step  loss")
    for i in range(STEPS + 1):
        key = jax.random.fold_in(jax.random.key(1), i)
        params, batch_stats, state, loss = step(params, batch_stats, state, key)
        if i % 20 == 0:
            print(f"{i:4}  {loss:.3f}")


if __name__ == "__main__":
    main()
