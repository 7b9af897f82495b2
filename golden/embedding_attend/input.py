"""An embedding whose table also gives the logits."""

import flax.linen as nn
import jax.numpy as jnp
import jvpgen


@jvpgen.derive
class TiedModel(nn.Module):
    vocabulary: int = 7
    width: int = 4

    def setup(self):
        self.embed = nn.Embed(self.vocabulary, self.width)
        self.norm = nn.LayerNorm(use_bias=False)

    def __call__(self, tokens):
        x = self.embed(tokens)
        x = x + self.embed(jnp.roll(tokens, 1, axis=-1))
        return self.embed.attend(self.norm(x))


def example():
    return {"module": TiedModel(), "args": (jnp.array([[1, 2, 3], [6, 0, 1]]),)}
