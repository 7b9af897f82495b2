import flax.linen as nn


class Residual(nn.Module):
    def branch(self, x):
        return nn.Dense(x.shape[-1])(x)

    @nn.compact
    def __call__(self, x):
        return x + self.branch(x)
