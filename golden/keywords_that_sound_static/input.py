"""Arrays handed over by keywords called `features`, `padding`, `mode`: the callee says what is static, not the keyword."""
# size: 3.5

import flax.linen as nn
import jax
import jvpgen


class Head(nn.Module):
    @nn.compact
    def __call__(self, features, padding=None, mode=None, train=False):
        y = nn.Dense(2)(features)
        if padding is not None:
            y = y * padding[..., None]
        y = nn.Dropout(0.5, deterministic=not train)(y)
        return y if mode is None else y + mode


def blend(a, b, *, mode, train):
    return a * mode + b * (1 - mode) * train


@jvpgen.derive
class Keywords(nn.Module):
    def setup(self):
        self.head = Head()

    def __call__(self, x, pad, m, w, train, axis):
        y = self.head(features=x, padding=pad, mode=m, train=train)
        z = blend(y, 2 * y, mode=w, train=m)
        return z.mean(axis=axis) + y.sum(axis)


def example():
    x, pad, m, w = (jax.random.normal(jax.random.key(i), s) for i, s in enumerate([(2, 3), (2,), (2,), (2,)]))
    return {"module": Keywords(), "args": (x, pad, m, w, False, 0)}
