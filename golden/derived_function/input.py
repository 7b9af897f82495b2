"""A decorated function of arrays, with a helper and a nested tuple argument."""
# size: 3.5

import jax
import jax.numpy as jnp
import jvpgen


def kinetic(momentum, mass):
    return jnp.sum(momentum**2) / (2 * mass)


@jvpgen.derive
def energy(state, mass=2.0, *, stiffness):
    """The energy of a chain of oscillators."""
    position, momentum = state
    stretch = jnp.diff(position)
    return kinetic(momentum, mass) + 0.5 * stiffness * jnp.sum(stretch**2)


def example():
    from input import energy

    position, momentum = jax.random.normal(jax.random.key(1), (2, 4))
    return {"function": energy, "args": ((position, momentum),), "kwargs": {"stiffness": jnp.float32(1.5)}}
