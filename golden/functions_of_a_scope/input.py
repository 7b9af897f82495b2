"""Functions of a Flax scope: known by their type, or by what they do with it."""
# size: 3

import flax.linen as nn
import jax
import jax.numpy as jnp
import jvpgen
from flax.core import Scope


@jvpgen.derive
def learn_scale(scope, x):
    return scope.param("scale", nn.initializers.ones, ()) * x


@jvpgen.derive(variables=("params/**/kernel",), name="along_kernels_jvp")
def dense(scope: Scope, x, features: int, *, bias=0.0):
    kernel = scope.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], features))
    return x @ kernel + bias


@jvpgen.derive
def running(scope, x, *, decay):
    """Two children, one of them twice, and a state."""
    x = jnp.tanh(scope.child(dense, "hidden")(x, 3, bias=x.sum()))
    scaled = scope.child(learn_scale, "scaled")
    total = scope.variable("state", "total", jnp.zeros, ())
    total.value = decay * total.value + x.mean()
    last = scope.push("last")
    x = scaled(x) * scaled(x)
    return dense(last, x, 2) * total.value


@jvpgen.derive
class Around(nn.Module):
    @nn.compact
    def __call__(self, x):
        return running(self.scope.push("inner"), x, decay=0.9) + learn_scale(self.scope, x).sum()


def example():
    x = jax.random.normal(jax.random.key(1), (2, 3))
    return {"module": Around(), "args": (x,), "mutable": ["state"]}
