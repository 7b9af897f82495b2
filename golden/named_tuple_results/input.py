"""A NamedTuple as argument and result; `_replace` and unpacking."""
# size: 4

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class State(NamedTuple):
    position: jax.Array
    velocity: jax.Array
    steps: int = 0


@jvpgen.derive
class Leapfrog(nn.Module):
    """One step of Hamiltonian dynamics in a learned potential."""

    step: float = 0.1

    @nn.compact
    def __call__(self, state: State, mass):
        stiffness = self.param("stiffness", nn.initializers.ones, (2,))
        velocity = state.velocity - self.step * stiffness * jnp.sin(state.position) / mass
        position = state.position + self.step * velocity
        moved = State(position, velocity=velocity, steps=state.steps + 1)
        q, p, _ = moved
        return moved, state._replace(velocity=0.5 * (q + p))


def example():
    position, velocity = jax.random.normal(jax.random.key(1), (2, 2))
    return {"module": Leapfrog(), "args": (State(position, velocity), jnp.float32(2.0))}
