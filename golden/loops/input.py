"""`for` over range, enumerate, zip, reversed, lists of submodules and dict items, with `break` and `continue`."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class UNet(nn.Module):
    widths: tuple[int, ...] = (3, 4)

    def setup(self):
        self.down = [nn.Dense(width) for width in self.widths]
        self.up = {f"up_{width}": nn.Dense(width) for width in reversed(self.widths)}

    def __call__(self, x, depth=None):
        skips = []
        for i, layer in enumerate(self.down):
            if i == depth:
                break
            x = nn.relu(layer(x))
            skips.append(x)
        for (name, layer), skip in zip(self.up.items(), reversed(skips)):
            if name.endswith("_99"):
                continue
            x = layer(x) + skip
        for _ in range(2):
            x = x - x.mean(axis=-1, keepdims=True)
        return x


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4))
    return [{"module": UNet(), "args": (x,)}, {"module": UNet((4,)), "args": (x, 1)}]
