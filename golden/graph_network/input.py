"""A graph network: gather, segment sums, and a loop over rounds that shares its layers."""
# size: 6

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class GraphNet(nn.Module):
    rounds: int = 2

    @nn.compact
    def __call__(self, nodes, edges, senders, receivers):
        message, update = nn.Dense(3), nn.Dense(nodes.shape[-1])
        for _ in range(self.rounds):
            inputs = jnp.concatenate([nodes[senders], jnp.take(nodes, receivers, axis=0), edges], -1)
            sent = nn.relu(message(inputs))
            received = jax.ops.segment_sum(sent, receivers, num_segments=nodes.shape[0])
            nodes = nodes + update(jnp.hstack([nodes, received]))
        return nodes.mean(0), jnp.zeros(3).at[receivers].add(edges[:, 0])


def example():
    nodes, edges = jax.random.normal(jax.random.key(1), (2, 3, 2))
    return {"module": GraphNet(), "args": (nodes, edges, jnp.array([0, 1, 2]), jnp.array([1, 2, 0]))}
