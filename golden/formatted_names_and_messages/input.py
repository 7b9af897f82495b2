"""f-strings as names, `assert` and `raise` with messages."""

import flax.linen as nn
import jax
import jvpgen


@jvpgen.derive
class Head(nn.Module):
    kind: str = "regression"
    sizes: tuple[int, ...] = (3, 2)

    @nn.compact
    def __call__(self, x):
        assert x.ndim == 2, f"expected (batch, features), got {x.shape}"
        for i, size in enumerate(self.sizes):
            x = nn.Dense(size, name=f"{self.kind}_{i:02d}")(x)
        if self.kind == "classification":
            return nn.log_softmax(x)
        if self.kind != "regression":
            raise ValueError(f"unknown kind {self.kind!r}; got {x.shape[-1]} features")
        return x


def EXAMPLES():
    x = jax.random.normal(jax.random.key(1), (2, 4))
    return [{"module": Head(), "args": (x,)}, {"module": Head("classification"), "args": (x,)}]
