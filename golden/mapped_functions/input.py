# size: 4
"""`jax.vmap` and `jax.checkpoint`: axes for parts of an argument, nested maps, collectives, static arguments."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@jvpgen.derive
class Scores(nn.Module):
    @nn.compact
    def __call__(self, q, k):
        w = self.param("w", nn.initializers.normal(1.0), (4, 4))
        score = lambda a, b: jnp.dot(a @ w, b)
        scores = jax.vmap(jax.vmap(score, in_axes=(None, 0)), in_axes=(0, None))(q, k)
        by_part = jax.vmap(
            lambda parts, s: {"a": parts["x"] * s, "b": (parts["y"] + s,)},
            in_axes=({"x": 0, "y": None}, 0),
            out_axes={"a": 1, "b": 0},
        )({"x": q, "y": k[0]}, k)
        centred = jax.vmap(lambda a: a - lax.pmean(a, "rows"), axis_name="rows")(q)
        return scores, by_part, centred


@jvpgen.derive
class Remembered(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (4, 4))
        waves = jax.checkpoint(lambda a, n: jnp.sin(a @ w) * n)(x, 2)
        mixed = jax.remat(functools.partial(jnp.einsum, "ij,jk->ik"))(x, w)
        policy = jax.checkpoint_policies.nothing_saveable
        return waves + mixed + jax.checkpoint(jnp.tanh, policy=policy)(x)


def EXAMPLES():
    q, k = jax.random.normal(jax.random.key(0), (2, 3, 4))
    return [{"module": Scores(), "args": (q, k)}, {"module": Remembered(), "args": (q,)}]
