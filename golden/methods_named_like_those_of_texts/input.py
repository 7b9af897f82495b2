"""A module's own `encode`, `get` or `mean` is no method of a text, a dict or an array, whatever holds the module."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen


class Autoencoder(nn.Module):
    width: int

    def setup(self):
        self.down = nn.Dense(2)
        self.up = nn.Dense(self.width)
        self.scale = self.param("scale", nn.initializers.ones, (self.width,))

    def encode(self, x):
        return self.down(x)

    def decode(self, latents):
        return self.up(latents)

    def get(self, index):
        return self.scale[index]

    def update(self, x):
        return x * self.scale

    def mean(self):
        return self.scale * 3

    def __call__(self, x):
        return self.decode(self.encode(x))


@jvpgen.derive
class Twins(nn.Module):
    first: Autoencoder

    def setup(self):
        self.second = Autoencoder(3)
        self.many = [Autoencoder(3), Autoencoder(3)]
        self.named = {"left": Autoencoder(3), "right": Autoencoder(3)}

    def __call__(self, x):
        latents = self.first.encode(x)
        second = self.second
        out = second.update(self.first.decode(latents)) + second.mean() * second.get(0)
        for autoencoder in self.many:
            out = autoencoder.update(out)
        latents = [autoencoder.encode(out) for autoencoder in self.named.values()]
        return out, self.many[0].decode(latents[0] + latents[1])


@jvpgen.derive
class Inline(nn.Module):
    @nn.compact
    def __call__(self, x):
        autoencoder = Autoencoder(3)
        names = "left right".split()
        table = {name: nn.Dense(3, name=name) for name in names}
        table.update(middle=nn.Dense(3))
        for name, layer in table.items():
            x = layer(x) + len(name.encode())
        return autoencoder.decode(autoencoder.encode(x)), jnp.stack([Autoencoder(3).encode(x)])


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return [{"module": Twins(Autoencoder(3)), "args": (x,)}, {"module": Inline(), "args": (x,)}]
