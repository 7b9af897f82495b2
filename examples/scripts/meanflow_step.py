"""Trains a MeanFlow: a generator that needs one network call per sample.

On the path z = (1 - t) x + t e from data x to noise e the velocity is v = e - x. The
average velocity u between r and t obeys u = v - (t - r) du/dt, where du/dt is the
derivative of u(z, t, r) along (v, 1, 0). The right-hand side, held fixed, is the target
of the left. So `jax.grad` runs through a call of the generated function.

    python -m examples.scripts.meanflow_step
"""

import jax
import jax.numpy as jnp
import optax

from examples.models.meanflow import MeanFlow
from examples.models.meanflow_jvp import MeanFlow_jvp

STEPS = 600

model = MeanFlow(features=64, blocks=2)
optimizer = optax.adam(optax.cosine_decay_schedule(3e-3, STEPS))


def data(key, size):
    """Points near a circle of radius one."""
    angle_key, noise_key = jax.random.split(key)
    angle = jax.random.uniform(angle_key, (size,), maxval=2 * jnp.pi)
    circle = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)
    return circle + 0.05 * jax.random.normal(noise_key, circle.shape)


def loss_of(params, key, size=256):
    data_key, noise_key, time_key = jax.random.split(key, 3)
    x = data(data_key, size)
    e = jax.random.normal(noise_key, x.shape)
    r, t = jnp.sort(jax.random.uniform(time_key, (2, size)), axis=0)
    # Half of the batch has r = t: plain flow matching.
    r = jnp.where(jnp.arange(size) % 2 == 0, t, r)
    z, v = (1 - t[:, None]) * x + t[:, None] * e, e - x
    u, dudt = MeanFlow_jvp(
        model, {"params": params}, z, t, r, z_dot=v, t_dot=jnp.ones_like(t)
    )
    target = jax.lax.stop_gradient(v - (t - r)[:, None] * dudt)
    return jnp.mean(jnp.sum((u - target) ** 2, axis=-1))


@jax.jit
def step(params, state, key):
    loss, gradient = jax.value_and_grad(loss_of)(params, key)
    updates, state = optimizer.update(gradient, state)
    return optax.apply_updates(params, updates), state, loss


@jax.jit
def samples(params, key, size=512):
    """One call: from noise at time one straight to data at time zero."""
    e = jax.random.normal(key, (size, 2))
    return e - model.apply({"params": params}, e, jnp.ones(size), jnp.zeros(size))


def main():
    example = jnp.zeros((1, 2)), jnp.ones(1), jnp.zeros(1)
    params = jax.jit(model.init)(jax.random.key(0), *example)["params"]
    state = optimizer.init(params)
    print("step  loss")
    for i in range(STEPS + 1):
        key = jax.random.fold_in(jax.random.key(1), i)
        params, state, loss = step(params, state, key)
        if i % 100 == 0:
            print(f"{i:4}  {loss:.3f}")
    radius = jnp.linalg.norm(samples(params, jax.random.key(2)), axis=-1)
    print(f"one-step samples: radius {radius.mean():.2f} ± {radius.std():.2f}")


if __name__ == "__main__":
    main()
