# size: 4.5
"""Collectives along a mapped axis: sums, means and exchanges of values, in trees, along two axes at once."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from jax import lax


@jvpgen.derive
class Collectives(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))

        def replica(row):
            h = jnp.tanh(row @ w)
            sums = lax.psum({"h": h, "one": jnp.ones(()), "count": 1}, "batch")
            centred = (h - lax.pmean(h, axis_name="batch")) / lax.pmax(lax.stop_gradient(jnp.abs(h)), "batch")
            gathered = lax.all_gather((h, w[0]), "batch", axis=0, tiled=True)
            turned = lax.ppermute(h, "batch", [(0, 1), (1, 0)]) * lax.axis_index("batch")
            parts = lax.psum_scatter(h[:2], "batch"), lax.all_to_all(h[:2, None], "batch", 0, 1)
            shuffled = lax.pshuffle(h, "batch", [1, 0]) * lax.axis_size("batch")
            return sums, centred, gathered, turned, parts, shuffled

        @functools.partial(jax.vmap, axis_name="rows")
        def over_rows(row):
            return jax.vmap(lambda v: lax.psum(v * w[0], ("rows", "columns")), axis_name="columns")(row)

        return jax.vmap(replica, axis_name="batch")(x), over_rows(x)


@jvpgen.derive
class Synchronized(nn.Module):
    """A layer whose statistics are those of all replicas."""

    @nn.compact
    def __call__(self, x):
        replicas = nn.vmap(
            lambda norm, rows: norm(rows),
            variable_axes={"params": None, "batch_stats": None},
            split_rngs={"params": False},
            axis_name="replicas",
        )
        return replicas(nn.BatchNorm(use_running_average=False, axis_name="replicas"), x)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (2, 4, 3))
    return [
        {"module": Collectives(), "args": (x[:, 0],)},
        {"module": Synchronized(), "args": (x,), "mutable": ["batch_stats"]},
    ]
