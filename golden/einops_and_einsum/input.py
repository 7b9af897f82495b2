"""einops on active values, and einsum with several of them."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from einops import rearrange, reduce, repeat


@jvpgen.derive
class PatchMixer(nn.Module):
    patch: int = 2

    @nn.compact
    def __call__(self, image):
        patches = rearrange(image, "(h p) (w q) c -> (h w) (p q c)", p=self.patch, q=self.patch)
        x = nn.Dense(3)(patches)
        token = self.param("token", nn.initializers.zeros, (3,))
        x = jnp.concatenate([repeat(token, "c -> 1 c"), x])
        scores = jnp.einsum("id,jd->ij", x, x)
        mixed = jnp.einsum("ij,jd,d->id", scores, x, token)
        return reduce(mixed, "t c -> c", "mean"), reduce(mixed, "t c -> t", "max")


def example():
    return {"module": PatchMixer(), "args": (jax.random.normal(jax.random.key(1), (4, 4, 1)),)}
