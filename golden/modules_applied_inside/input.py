"""A module that is bound to nothing, initialised by a parameter and applied under `vmap` and `grad`."""
# size: 6

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        return jnp.tanh(nn.Dense(2)(x))


def stacked(net):
    return lambda key: jax.vmap(lambda one: net.init(one, jnp.ones(3))["params"])(jax.random.split(key, 4))


@jvpgen.derive
class Members(nn.Module):
    """Several networks in one parameter."""

    @nn.compact
    def __call__(self, x):
        net = Net(parent=None)
        params = self.param("stack", stacked(net))
        first = jax.tree.map(lambda leaf: leaf[0], params)

        def loss(params, x):
            return jnp.mean(net.apply({"params": params}, x) ** 2)

        each = jax.vmap(lambda p: net.apply({"params": p}, x))(params)
        return each, net.apply({"params": first}, x), jax.grad(loss)(first, x)


def example():
    return {"module": Members(), "args": (jax.random.normal(jax.random.key(1), (2, 3)),)}
