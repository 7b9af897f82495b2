"""A recurrent state-space model: latents over time by nn.scan, decoding by vmap, guidance by a gradient."""
# size: 4

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


class Latent(NamedTuple):
    mean: jax.Array
    log_std: jax.Array
    sample: jax.Array


class Cell(nn.Module):
    size: int
    stochastic: bool = True

    @nn.compact
    def __call__(self, carry, inputs):
        state, latent = carry
        observation, action, is_first = inputs
        state = jnp.where(is_first[:, None], 0.0, state)
        x = nn.silu(nn.LayerNorm()(nn.Dense(self.size)(jnp.concatenate([latent.sample, action], -1))))
        state, x = nn.GRUCell(self.size)(state, x)
        mean, log_std = jnp.split(
            nn.Dense(2 * self.size, name="posterior")(jnp.concatenate([x, observation], -1)), 2, -1
        )
        noise = jax.random.normal(self.make_rng("latent"), mean.shape) if self.stochastic else 0.0
        latent = Latent(mean, log_std, mean + jnp.exp(log_std) * noise)
        self.sow("intermediates", "kl", jnp.mean(mean**2))
        return (state, latent), {"state": state, **latent._asdict()}


def energy(z, target, temperature):
    return jnp.sum(nn.softplus(z * target) / temperature)


@jvpgen.derive
class WorldModel(nn.Module):
    size: int = 4

    @nn.compact
    def __call__(self, observations, actions, is_first, *, guide: bool = True):
        batch = observations.shape[1]
        temperature = self.param("temperature", nn.initializers.ones, ())
        start = jnp.zeros((batch, self.size))
        scan = nn.scan(
            Cell,
            variable_broadcast="params",
            variable_axes={"intermediates": 0},
            split_rngs={"params": False, "latent": True},
        )
        cell = scan(self.size, name="cell")
        (state, latent), steps = cell((start, Latent(start, start, start)), (observations, actions, is_first))
        if guide:
            value, slope = jax.value_and_grad(energy)(latent.sample, state, temperature)
            latent = latent._replace(sample=latent.sample - 0.1 * slope)
        else:
            value = jnp.zeros(())
        head = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=None, axis_size=3)(2)
        ensemble = head(latent.sample)
        spread = jax.vmap(partial(jnp.std, axis=0), in_axes=1)(ensemble)
        decay = lax.associative_scan(lambda a, b: a * b, jax.nn.sigmoid(steps["state"]))
        final = lax.cond(value > 0, lambda s: s * temperature, lambda s: s + 1, decay[-1])
        return {"value": value, "spread": spread, "final": final, "steps": steps}


def example():
    k = jax.random.key(0)
    n = partial(jax.random.normal, k)
    first = jnp.zeros((5, 2), bool).at[3, 1].set(True)
    return {
        "module": WorldModel(),
        "args": (n((5, 2, 3)), n((5, 2, 2)), first),
        "rngs": {"latent": jax.random.key(5)},
        "compiled": True,
    }
