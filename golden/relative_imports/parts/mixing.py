import jax.numpy as jnp

from ..scaling import scaled as halved


def mix(a, b):
    return jnp.cumsum(halved(a), axis=0) * b
