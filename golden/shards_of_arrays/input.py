# size: 4.5
"""`jax.shard_map` over the devices that there are (`tests/golden/test_devices.py` has eight of them)."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
import numpy as np
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

mesh = Mesh(np.array(jax.devices()), ("d",))
count = len(jax.devices())


@jvpgen.derive
class Sharded(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", nn.initializers.normal(1.0), (3, 3))
        s = self.param("s", nn.initializers.normal(1.0), (3,))

        def shard(v, w):
            h = jnp.tanh(v @ w) * s
            return h, lax.psum(h, "d"), {"index": lax.axis_index("d")[None], "mean": lax.pmean(v.sum(0), "d")}

        specs = (P("d"), P(), {"index": P("d"), "mean": P()})
        return jax.shard_map(shard, mesh=mesh, in_specs=(P("d"), P()), out_specs=specs)(x, w)


@jvpgen.derive
class Ring(nn.Module):
    """Each block of keys meets each block of queries."""

    @nn.compact
    def __call__(self, x):
        keys = self.param("keys", nn.initializers.normal(1.0), (8, 3))

        @functools.partial(jax.shard_map, mesh=mesh, in_specs=P("d"), out_specs=P("d"))
        def ring(queries, block):
            def step(carry, _):
                total, block = carry
                total = total + jnp.tanh(queries @ block.T) @ block
                return (total, lax.ppermute(block, "d", [(i, (i + 1) % count) for i in range(count)])), None

            (total, _), _ = lax.scan(step, (jnp.zeros_like(queries), block), None, length=count)
            return total

        return ring(x, keys)


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (16, 3))
    return [{"module": Sharded(), "args": (x,), "compiled": True}, {"module": Ring(), "args": (x,), "compiled": True}]
