"""Helpers that return `jax.grad`, `jax.vmap` or `jax.checkpoint` of a function over an active argument."""

# size: 4
import flax.linen as nn, jax, jax.numpy as jnp
import jvpgen

W = nn.initializers.normal(1.0)


def make_grad(w):
    def loss(t):
        return jnp.sum(t**2 * w)

    return jax.grad(loss)


def make_vmap(w):
    def f(t):
        return t * w

    return jax.vmap(f)


def make_lambda(w):
    return jax.vmap(lambda t: t * w)


def make_nested(w):
    def loss(t):
        return jnp.sum(t**2 * w)

    return jax.vmap(jax.grad(loss))


def make_wrapped(w):
    @jax.checkpoint
    def f(t):
        return t * w

    return f


@jvpgen.derive
class G(nn.Module):
    @nn.compact
    def __call__(self, x):
        return make_grad(self.param("w", W, (3,)))(x)


@jvpgen.derive
class V(nn.Module):
    @nn.compact
    def __call__(self, x):
        return make_vmap(self.param("w", W, (3,)))(x[None])


@jvpgen.derive
class L(nn.Module):
    @nn.compact
    def __call__(self, x):
        return make_lambda(self.param("w", W, (3,)))(x[None])


@jvpgen.derive
class VG(nn.Module):
    @nn.compact
    def __call__(self, x):
        w = self.param("w", W, (3,))
        return make_nested(w)(x[None]), jax.vmap(make_grad(w))(x[None]), jax.vmap(make_grad(x))(jnp.stack([x, w]))


@jvpgen.derive
class K(nn.Module):
    @nn.compact
    def __call__(self, x):
        f = make_wrapped(self.param("w", W, (3,)))
        return f(x), jax.vmap(f)(x[None])


def EXAMPLES():
    x = jax.random.normal(jax.random.key(0), (3,))
    return [{"module": M(), "args": (x,), "compiled": True} for M in (G, V, L, VG, K)]
